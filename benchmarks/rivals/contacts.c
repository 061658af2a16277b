/* The contact loop of benchmarks/rivals/contacts.py in C: the same records, the same draws, the same operations in the same order. */
#include <math.h>
#include <stdint.h>

typedef struct {
    uint64_t luck;
    double balance, satisfaction, irritation, hazard, patience;
    int32_t owner, seen;
    int16_t segment, borrows, holdings;
} Customer;

typedef struct {
    uint64_t seat;
    double pace, skill;
    int64_t held, next_visit, contacts, gone, accounts;
} Seller;

typedef struct {
    double rest, decay, gain, annoyance, fade, response, unskilled, skilled, trust, learning, ceiling;
} Numbers;

int64_t sizes(int which) { return which == 0 ? sizeof(Customer) : which == 1 ? sizeof(Seller) : sizeof(Numbers); }

static const uint64_t GOLDEN = 0x9E3779B97F4A7C15u, M1 = 0xBF58476D1CE4E5B9u, M2 = 0x94D049BB133111EBu;
enum { CONTACTS = 10, CONVERSION = 11 };

static inline uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * M1;
    z = (z ^ (z >> 27)) * M2;
    return z ^ (z >> 31);
}

static inline uint64_t stream(uint64_t seed, uint64_t purpose, uint64_t entity, int64_t day) {
    uint64_t z = mix(seed + GOLDEN * purpose);
    z = mix(z ^ (entity * GOLDEN + M1));
    return mix(z + GOLDEN * (uint64_t)(day + 1));
}

static inline double uniform(uint64_t key, int64_t n) {
    return ((double)(mix(key + GOLDEN * (uint64_t)(n + 1)) >> 12) + 0.5) * 2.220446049250313e-16;
}

static inline int64_t poisson(double u, double mean) {
    if (mean <= 0.0) return 0;
    double p = exp(-mean), total = p;
    int64_t k = 0;
    while (u > total && p > 0.0) {
        k += 1;
        p *= mean / (double)k;
        total += p;
    }
    return k;
}

static inline double decayed(double value, double rest, double days, double rate) { return rest + (value - rest) * exp(-rate * days); }

static inline double within(double x) { return x < 0.0 ? 0.0 : x > 1.0 ? 1.0 : x; }

static void catch_up(Customer *c, const Numbers *par, int64_t day) {
    double days = (double)(day - c->seen);
    if (days <= 0.0) return;
    double settled = (1.0 + par->response * (0.5 - par->rest)) * days;
    c->patience -= c->hazard * (settled - par->response * (c->satisfaction - par->rest) * (1.0 - exp(-par->decay * days)) / par->decay);
    c->satisfaction = decayed(c->satisfaction, par->rest, days, par->decay);
    c->irritation = decayed(c->irritation, 0.0, days, par->fade);
    c->seen = day;
}

static void seller_day(Customer *customers, int64_t *book, Seller *m, const Numbers *par, uint64_t seed, int64_t day) {
    int64_t contacts = poisson(uniform(stream(seed, CONTACTS, m->seat, day), 0), m->pace), made = 0;
    uint64_t luck = stream(seed, CONVERSION, m->seat, day);
    double chance = par->unskilled + (par->skilled - par->unskilled) * m->skill;
    for (int64_t n = 0; n < contacts && m->held > 0; n++) {
        int64_t place = m->next_visit % m->held;
        Customer *c = &customers[book[place]];
        catch_up(c, par, day);
        if (c->patience <= 0.0) {
            m->held -= 1;
            m->gone += 1;
            book[place] = book[m->held];
            continue;
        }
        c->satisfaction = within(c->satisfaction + par->gain * (1.0 - c->satisfaction) - par->annoyance * c->irritation * c->irritation);
        c->irritation += 1.0;
        if (uniform(luck, n) < chance * (1.0 + par->trust * (c->satisfaction - 0.5))) m->accounts += 1;
        m->next_visit = place + 1;
        made += 1;
    }
    m->contacts += made;
    if (m->skill < par->ceiling) m->skill = m->skill - (par->ceiling - m->skill) * expm1(-par->learning * (double)made);
}

/* Days first up to but not including stop, branch by branch: each lives through them all before the next. */
void live(Customer *customers, int64_t *book, Seller *sellers, const Numbers *par, const uint64_t *seeds, int64_t branches, int64_t team,
          int64_t room, int64_t first, int64_t stop) {
    for (int64_t b = 0; b < branches; b++)
        for (int64_t day = first; day < stop; day++)
            for (int64_t i = b * team; i < (b + 1) * team; i++) seller_day(customers, book + i * room, sellers + i, par, seeds[b], day);
}
