"""Reads what Musubi wrote with programs of others, and holds it against what the profiles demand.

    python3 tests/support/read_back.py FILE...     (.hl7, .fhir, .xml)

Needs the packages hl7apy and fhir.resources (6.4, which is R4); exit 77 where one is missing. Prints a line for each fault,
with the file and the place, and exits 1 when there was one.
"""

import json
import re
import sys

try:
    from fhir.resources import get_fhir_model_class
    from hl7apy.consts import VALIDATION_LEVEL
    from hl7apy.parser import parse_message
    from lxml import etree
except ImportError as missing:
    print(f"not installed: {missing.name}")
    sys.exit(77)

HL7 = "{urn:hl7-org:v3}"
FAULTS = []


def fault(path, place, what):
    FAULTS.append(f"{path}: {place}: {what}")


def hl7v2(path, data):
    """Every message in every group, with the cardinalities and data types of version 2.5."""
    starts = [line for line in data.decode().split("\r") if line.strip()]
    messages, own = [], []
    for line in starts:
        if line.startswith("MSH") and own:
            messages.append(own)
            own = []
        own.append(line)
    for lines in messages + [own]:
        text = "\r".join(lines) + "\r"
        kind = lines[0].split("|")[8]
        if kind.endswith("PPR_ZD1"):
            continue  # of SS-MIX2, unknown to version 2.5
        try:
            message = parse_message(text, validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=True)
        except Exception as error:  # whatever it is, the message was not read
            fault(path, kind, f"not read: {error}")
            continue
        try:
            message.validate(report_file=None)
        except Exception as error:
            # PV1-36 is IS in 2.5; we send the words of its code too, as CWE of 2.7 has them.
            if "PV1_36" not in str(error):
                fault(path, kind, error)
        again = set(message.to_er7().split("\r"))
        for line in lines:
            # A note stands after PID in every message, also where 2.5 has none; and hl7apy escapes \.br\ once more.
            if line not in again and not line.startswith("NTE") and "\\.br\\" not in line:
                fault(path, f"{kind} {line[:3]}", "written again it is another segment")


def fhir(path, data):
    bundle = json.loads(data)
    resource(path, bundle)
    entries = bundle.get("entry", [])
    if bundle["type"] != "document":
        return
    if [one["resource"]["resourceType"] for one in entries][:1] != ["Composition"]:
        fault(path, "Bundle.entry[0]", "a document begins with its Composition")
    for name in ("identifier", "timestamp"):
        if name not in bundle:
            fault(path, f"Bundle.{name}", "a document has one")
    urls = [one.get("fullUrl") for one in entries]
    if len(set(urls)) != len(urls):
        fault(path, "Bundle.entry.fullUrl", "two entries of one address")
    for place, reference in references(bundle, "Bundle"):
        if reference not in urls:
            fault(path, place, "a reference that leads nowhere")
    for number, one in enumerate(entries):
        claimed(path, f"Bundle.entry[{number}].resource", one["resource"])


def resource(path, node):
    kind = node["resourceType"]
    try:
        read = get_fhir_model_class(kind).parse_obj(node)
    except Exception as error:
        fault(path, kind, f"not read: {error}")
        return
    if same_times(read.json()) != same_times(json.dumps(node)):
        fault(path, kind, "written again it is another resource")


def same_times(text):
    """The value, with fractions of a second as short as they can be."""
    return json.loads(re.sub(r"(:\d\d\.\d*?)0+([+Z-])", r"\1\2", text))


def references(node, place):
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "reference" and isinstance(value, str):
                yield f"{place}.{name}", value
            yield from references(value, f"{place}.{name}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from references(value, f"{place}[{number}]")


def claimed(path, place, node):
    """What the profile that a resource claims demands beyond R4."""
    for profile in node.get("meta", {}).get("profile", []):
        if profile.endswith("/JP_Patient"):
            for number, identifier in enumerate(node.get("identifier", [])):
                if not identifier.get("system") or not identifier.get("value"):
                    fault(path, f"{place}.identifier[{number}]", "JP_Patient: system and value are required")
            if not node.get("identifier"):
                fault(path, place, "JP_Patient: an identifier is required")
        else:
            fault(path, place, f"nobody here knows the profile {profile}")


def xml(path, data):
    root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    if root.tag == f"{HL7}ClinicalDocument":
        return cda(path, root)
    name = etree.QName(root)
    if name.namespace != "http://hl7.org/fhir":
        return fault(path, name.localname, "neither CDA nor FHIR")
    try:
        read = get_fhir_model_class(name.localname).parse_raw(data, content_type="text/xml")
    except Exception as error:
        return fault(path, name.localname, f"not read: {error}")
    again = read.xml()
    again = etree.fromstring(again.encode() if isinstance(again, str) else again)
    if shape(again) != shape(root):
        fault(path, name.localname, "written again it is another resource")


def shape(node):
    own = [child for child in node if isinstance(child.tag, str)]
    value = re.sub(r"(:\d\d\.\d*?)0+([+Z-])", r"\1\2", node.get("value") or "")
    if node.tag.endswith("}value") and re.fullmatch(r"-?\d+(\.\d+)?", value):
        value = float(value)  # as the package reads a decimal
    return (node.tag, value, [shape(child) for child in own] if not node.tag.endswith("}div") else [])


CDA_ORDER = [
    "realmCode", "typeId", "templateId", "id", "code", "title", "effectiveTime", "confidentialityCode", "languageCode",
    "setId", "versionNumber", "copyTime", "recordTarget", "author", "dataEnterer", "informant", "custodian",
    "informationRecipient", "legalAuthenticator", "authenticator", "participant", "inFulfillmentOf", "documentationOf",
    "relatedDocument", "authorization", "componentOf", "component",
]
CDA_REQUIRED = ["typeId", "id", "code", "effectiveTime", "confidentialityCode", "recordTarget", "author", "custodian", "component"]
CDA_ONCE = ["typeId", "id", "code", "title", "effectiveTime", "confidentialityCode", "languageCode", "custodian", "componentOf", "component"]


def cda(path, root):
    """The order and cardinalities of the header (POCD_MT000040), and its fixed values."""
    names = [etree.QName(child).localname for child in root if isinstance(child.tag, str)]
    known = [name for name in names if name in CDA_ORDER]
    if known != names:
        fault(path, "ClinicalDocument", f"not in the header: {sorted(set(names) - set(known))}")
    if known != sorted(known, key=CDA_ORDER.index):
        fault(path, "ClinicalDocument", "its children are not in the order of the schema")
    for name in CDA_REQUIRED:
        if name not in names:
            fault(path, f"ClinicalDocument/{name}", "required")
    for name in CDA_ONCE:
        if names.count(name) > 1:
            fault(path, f"ClinicalDocument/{name}", "once at most")
    type_id = root.find(f"{HL7}typeId")
    if type_id is not None and (type_id.get("root"), type_id.get("extension")) != ("2.16.840.1.113883.1.3", "POCD_HD000040"):
        fault(path, "ClinicalDocument/typeId", "its values are fixed")
    for section in root.iter(f"{HL7}section"):
        parts = [etree.QName(child).localname for child in section if isinstance(child.tag, str)]
        order = ["templateId", "id", "code", "title", "text", "confidentialityCode", "languageCode", "subject", "author",
                 "informant", "entry", "component"]
        if any(part not in order for part in parts) or parts != sorted(parts, key=order.index):
            fault(path, "section", f"its children are not in the order of the schema: {parts}")
    for element in root.iter(etree.Element):
        cda_element(path, element)


ACT = ["templateId", "id", "code", "derivationExpr", "text", "statusCode", "effectiveTime", "priorityCode", "repeatNumber",
       "languageCode", "value", "interpretationCode", "methodCode", "targetSiteCode", "subject", "specimen", "performer",
       "author", "informant", "participant", "entryRelationship", "component", "reference", "precondition", "referenceRange"]
# Children in the order of the schema (POCD_MT000040).
CDA_CHILDREN = {
    "observation": ACT, "act": ACT, "organizer": ACT,
    "order": ["templateId", "id", "code", "priorityCode"],
    "participant": ["templateId", "functionCode", "time", "awarenessCode", "participantRole", "associatedEntity"],
    "performer": ["templateId", "time", "modeCode", "assignedEntity"],
    "participantRole": ["templateId", "id", "code", "addr", "telecom", "playingDevice", "playingEntity", "scopingEntity"],
    "associatedEntity": ["templateId", "id", "code", "addr", "telecom", "associatedPerson", "scopingOrganization"],
    "assignedEntity": ["templateId", "id", "code", "addr", "telecom", "assignedPerson", "representedOrganization"],
    "assignedAuthor": ["templateId", "id", "code", "addr", "telecom", "assignedPerson", "assignedAuthoringDevice",
                       "representedOrganization"],
    "author": ["templateId", "functionCode", "time", "assignedAuthor"],
    "patientRole": ["templateId", "id", "addr", "telecom", "patient", "providerOrganization"],
    "encompassingEncounter": ["templateId", "id", "code", "effectiveTime", "dischargeDispositionCode", "responsibleParty",
                              "encounterParticipant", "location"],
    "relatedSubject": ["templateId", "code", "addr", "telecom", "subject"],
}
CDA_MUST = {
    "observation": ["code"], "organizer": ["statusCode"], "act": ["code"], "order": ["id"], "author": ["time", "assignedAuthor"],
    "assignedAuthor": ["id"], "assignedEntity": ["id"], "patientRole": ["id"], "performer": ["assignedEntity"],
    "encompassingEncounter": ["effectiveTime"],
}
CDA_ATTRIBUTES = {
    "observation": ["classCode", "moodCode"], "act": ["classCode", "moodCode"], "organizer": ["classCode", "moodCode"],
    "entryRelationship": ["typeCode"], "participant": ["typeCode"], "associatedEntity": ["classCode"],
}
OID_OR_UUID = re.compile(r"[0-2](\.(0|[1-9]\d*))+|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def cda_element(path, element):
    """Order and presence of the children of one element, its attributes, and whether its OIDs are some."""
    name = etree.QName(element).localname
    children = [etree.QName(child).localname for child in element if etree.QName(child).namespace == HL7[1:-1]]
    order = CDA_CHILDREN.get(name)
    if order and (any(child not in order for child in children) or children != sorted(children, key=order.index)):
        fault(path, name, f"its children are not in the order of the schema: {children}")
    for must in CDA_MUST.get(name, []):
        if must not in children:
            fault(path, f"{name}/{must}", "required")
    for must in CDA_ATTRIBUTES.get(name, []):
        if not element.get(must):
            fault(path, f"{name}/@{must}", "required")
    for attribute in ("root", "codeSystem"):
        value = element.get(attribute)
        if value is not None and not OID_OR_UUID.fullmatch(value):
            fault(path, f"{name}/@{attribute}", "neither an OID nor a UUID")
    if element.get("code") is not None and element.get("nullFlavor"):
        fault(path, name, "a code and a reason why there is none")


READERS = {".hl7": hl7v2, ".fhir": fhir, ".xml": xml}

for name in sys.argv[1:]:
    reader = next((reader for suffix, reader in READERS.items() if name.endswith(suffix)), None)
    if reader is None:
        fault(name, "", "nothing here reads it")
        continue
    with open(name, "rb") as file:
        reader(name, file.read())

# What must have been among the outputs: a writer that says nothing would be read back without a fault.
WANTED = {
    ".fhir": ["Coverage", "RelatedPerson", "AllergyIntolerance", "FamilyMemberHistory", "MedicationStatement", "Procedure",
              "Immunization", "ServiceRequest", "Task"],
    ".xml": ["48765-2", "10157-6", "48768-6", "30954-2", "57075-4", "42349-1"],
    ".hl7": ["IN1", "NK1", "IAM", "PRB", "RF1"],
}
for ending, names in WANTED.items():
    said = b"".join(open(name, "rb").read() for name in sys.argv[1:] if name.endswith(ending))
    for wanted in names:
        sign = {".fhir": f'"resourceType":"{wanted}"', ".xml": f'code="{wanted}"', ".hl7": f"{wanted}|"}[ending]
        if sign.encode() not in said:
            fault(f"*{ending}", wanted, "nothing that was written says it")

print("\n".join(FAULTS) if FAULTS else f"{len(sys.argv) - 1} files read back")
sys.exit(1 if FAULTS else 0)
