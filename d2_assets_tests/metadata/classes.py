"""Schemas of a few classes, small enough to reason about, in the form that a server gives."""

from typing import Any

from d2_assets.dhis2.schemas import Schemas, parse_schemas

Member = dict[str, Any]


def text(name: str, **more: Any) -> Member:
    return _own(name, "TEXT", "String", **more)


def number(name: str) -> Member:
    return _own(name, "NUMBER", "Double")


def truth(name: str) -> Member:
    return _own(name, "BOOLEAN", "Boolean")


def day(name: str) -> Member:
    return _own(name, "DATE", "Date")


def reference(name: str, klass: str, **more: Any) -> Member:
    return _own(name, "REFERENCE", klass, identifiableObject=True, **more)


def references(name: str, klass: str, holder: str = "Set") -> Member:
    return _own(
        name,
        "COLLECTION",
        holder,
        itemPropertyType="REFERENCE",
        itemKlass=klass,
        collectionName=name,
        identifiableObject=True,
    )


def parts(name: str, klass: str, holder: str = "Set") -> Member:
    return _own(
        name,
        "COLLECTION",
        holder,
        itemPropertyType="COMPLEX",
        itemKlass=klass,
        collectionName=name,
        embeddedObject=True,
    )


def block(name: str, klass: str) -> Member:
    return _own(name, "COMPLEX", klass)


def klass(singular: str, plural: str, *members: Member, endpoint: bool = True) -> dict[str, Any]:
    """A class with the members that all have."""
    common = [
        _own("id", "IDENTIFIER", "String", unique=True),
        _own("code", "IDENTIFIER", "String", unique=True),
        text("name", unique=True, required=True),
        day("created"),
        day("lastUpdated"),
        block("sharing", "Sharing"),
        parts("translations", "Translation"),
    ]
    return {
        "name": singular,
        "singular": singular,
        "plural": plural,
        "collectionName": plural,
        "klass": f"org.hisp.dhis.{singular[0].upper()}{singular[1:]}",
        "metadata": True,
        "embeddedObject": not endpoint,
        "identifiableObject": True,
        "relativeApiEndpoint": f"/{plural}" if endpoint else None,
        "properties": [*common, *members],
    }


def part(singular: str, plural: str, *members: Member) -> dict[str, Any]:
    """A class that lives inside others."""
    return {**klass(singular, plural, endpoint=False), "properties": list(members)}


def make_schemas(*classes: dict[str, Any]) -> Schemas:
    return parse_schemas({"schemas": list(classes)})


def _own(name: str, kind: str, java: str, **more: Any) -> Member:
    return {
        "name": name,
        "propertyType": kind,
        "klass": f"java.{java}",
        "owner": True,
        "persisted": True,
        "writable": True,
        **more,
    }


#: A data set with elements in an order that counts and one that does not, and what it refers to.
SCHEMAS = make_schemas(
    klass("attribute", "attributes", text("valueType"), reference("optionSet", "OptionSet")),
    klass("jobConfiguration", "jobConfigurations"),
    klass("newThing", "newThings"),
    klass("optionSet", "optionSets", text("valueType"), references("options", "Option", "List")),
    klass("option", "options", reference("optionSet", "OptionSet"), number("sortOrder")),
    klass("categoryCombo", "categoryCombos", references("categories", "Category", "List")),
    klass("category", "categories", references("categoryOptions", "CategoryOption", "List")),
    klass("categoryOption", "categoryOptions", text("shortName")),
    klass(
        "categoryOptionCombo",
        "categoryOptionCombos",
        reference("categoryCombo", "CategoryCombo"),
        references("categoryOptions", "CategoryOption"),
    ),
    klass(
        "dataElement",
        "dataElements",
        text("shortName", required=True),
        text("description"),
        text("valueType"),
        truth("zeroIsSignificant"),
        number("factor"),
        reference("categoryCombo", "CategoryCombo", required=True),
        reference("optionSet", "OptionSet"),
        references("legendSets", "LegendSet", "List"),
    ),
    klass("legendSet", "legendSets", parts("legends", "Legend")),
    part("legend", "legends", text("id"), text("name"), number("startValue"), day("created")),
    klass(
        "dataSet",
        "dataSets",
        text("periodType"),
        day("openingDate"),
        _own("version", "INTEGER", "Integer"),
        parts("dataSetElements", "DataSetElement"),
        references("organisationUnits", "OrganisationUnit"),
    ),
    part(
        "dataSetElement",
        "dataSetElements",
        reference("dataSet", "DataSet"),
        reference("dataElement", "DataElement"),
        reference("categoryCombo", "CategoryCombo"),
    ),
    klass(
        "organisationUnit",
        "organisationUnits",
        text("path"),
        day("openingDate"),
        reference("parent", "OrganisationUnit"),
        block("geometry", "Geometry"),
    ),
)
