"""The rules of a policy about people, in words."""

from __future__ import annotations

from collections.abc import Iterator

from sim.policy.people import Marks, People
from sim.report.words import listed, say


def people_text(people: People | None, lang: str) -> str:
    """Grades, training, dismissal, hiring, hand-over and rotation, as one sentence."""
    if people is None:
        return say("policy.people.none", lang)
    return say("list.semicolon", lang).join(_parts(people, lang))


def _parts(people: People, lang: str) -> Iterator[str]:
    if people.grades:
        yield say("policy.people.grades", lang, grades=listed([grade.name for grade in people.grades], lang), months=people.appraisal_months)
    for grade in people.grades:
        for what, marks in (("rise", grade.rise), ("keep", grade.keep)):
            if marks is not None:
                yield say(f"policy.people.{what}", lang, grade=grade.name, marks=marks_text(marks, lang))
    if people.grades:
        yield say(f"policy.people.below_{people.below_lowest}", lang)
    if people.startup is not None:
        yield say("policy.people.startup", lang, months=people.startup.months, marks=marks_text(people.startup, lang))
    if people.training is not None:
        training = people.training
        yield say("policy.people.training", lang, months=training.months, hours=f"{training.hours_a_day:g}", again=training.again_within_months)
        if training.passing is not None:
            yield say("policy.people.passing", lang, marks=marks_text(training.passing, lang))
    if people.dismissal.notice_months:
        yield say("policy.people.notice", lang, months=people.dismissal.notice_months)
    hiring = people.hiring
    yield say(f"policy.people.hiring_{hiring.choose}", lang, applicants=hiring.applicants)
    if hiring.pass_mark is not None:
        yield say("policy.people.test", lang, mark=f"{hiring.pass_mark:g}", reliability=f"{hiring.reliability:g}")
    yield say(f"policy.people.to_{people.handover.to}", lang)
    if people.rotation is not None:
        yield say("policy.people.rotation", lang, months=people.rotation.every_months)


def marks_text(marks: Marks, lang: str) -> str:
    """`at least 12 accounts and 30 contacts`."""
    from sim.report.describe import measure_text, plain

    each = [say("policy.people.mark", lang, units=plain(mark.at_least), measure=measure_text(mark.measure, lang)) for mark in marks.marks]
    if len(each) == 1:
        return each[0]
    return say(f"policy.people.{marks.need}_of", lang, marks=say("list.comma", lang).join(each))


__all__ = ["marks_text", "people_text"]
