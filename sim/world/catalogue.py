"""The product catalogue: what can be sold, and which measure of the data dictionary counts it (data/products.yaml)."""

from __future__ import annotations

from functools import lru_cache

from pydantic import Field

from sim.reading import read_yaml, resource_folder, validated
from sim.world.fields import Flag, Name, Part, Text, Title


# What a pay plan can count only where customers are in full (mechanism full_customers).
MEASURES_IN_FULL = ("cards", "insurance_policies", "insurance_premiums", "fund_sales", "wealth_sales", "income", "products_per_customer",
                    "cross_selling", "aum", "fee_income", "value_customers", "key_customer_loss", "customer_assets",
                    "developed_customer_assets")


class Product(Part):
    """A product. measure: of the data dictionary, what a sale adds its amount (or an item) to; items: what it adds one to.

    repeats: whether a customer who holds it can buy it again. Prices and sizes are parameters: product_fee, product_margin, product_part.
    """

    label: Title
    unit: Text = Field(description="what one sale is counted in")
    measure: Name | None = None
    items: Name | None = None
    repeats: Flag = False


@lru_cache(maxsize=1)
def load_catalogue() -> dict[str, Product]:
    """Products by name, in the order of the file."""
    path = resource_folder("data") / "products.yaml"
    return {name: validated(Product, fields, f"products.yaml: {name}") for name, fields in read_yaml(path).items()}
