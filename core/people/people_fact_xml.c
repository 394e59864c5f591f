/* Facts from XML: <events><answer id="A-1" customer="D-1007" .../>...</events>, read as a stream
 * and held to the schema the program carries.  An operator's file: no entity and no network. */
#include <libxml/relaxng.h>
#include <libxml/xmlreader.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "people/people_fact_private.h"

/* What one reading works with. */
struct xml {
    struct people_facts *facts;
    xmlTextReader *reader;
};

static void note_fault(void *ctx, xmlError *fault)
{
    struct xml *xml = ctx;
    size_t len = fault->message ? strcspn(fault->message, "\n") : 0;

    fl_faults_add(xml->facts->faults, xml->facts->options->name, fault->line, NULL, NULL, "%.*s",
                  (int)len, len ? fault->message : "");
}

/* Attributes into the fact; what the schema did not want was a fault already. */
static void attributes_read(struct xml *xml, struct people_fact *fact)
{
    while (xmlTextReaderMoveToNextAttribute(xml->reader) == 1) {
        const char *name = (const char *)xmlTextReaderConstLocalName(xml->reader);
        const char *value = (const char *)xmlTextReaderConstValue(xml->reader);
        int field = name ? people_fact_field_find(fact->fact, name) : FACT_UNKNOWN;

        if (field >= 0 && field < FACT_FIELDS && value && *value)
            fact->value[field] = fl_arena_strdup(xml->facts->arena, value);
    }
    (void)xmlTextReaderMoveToElement(xml->reader);
}

static enum fl_status take_element(struct xml *xml, struct fl_error *err)
{
    const char *name = (const char *)xmlTextReaderConstLocalName(xml->reader);
    /* The parser may be ahead. */
    struct people_fact fact = {.line = xmlGetLineNo(xmlTextReaderCurrentNode(xml->reader))};

    if (!name || !people_fact_find(name, &fact.fact))
        return FL_OK;
    fl_arena_reset(xml->facts->arena);
    attributes_read(xml, &fact);
    return people_fact_take(xml->facts, &fact, err);
}

static enum fl_status read_elements(struct xml *xml, struct fl_error *err)
{
    const struct fl_fact_options *options = xml->facts->options;
    enum fl_status st = FL_OK;
    int more;

    for (;;) {
        size_t n_faults = xml->facts->faults->n_total;

        more = xmlTextReaderRead(xml->reader);
        if (st || more != 1)
            break;
        if (xmlTextReaderNodeType(xml->reader) != XML_READER_TYPE_ELEMENT ||
            xmlTextReaderDepth(xml->reader) != 1)
            continue;
        if (xml->facts->faults->n_total == n_faults) /* else the schema has said it */
            st = take_element(xml, err);
        if (options->progress && xml->facts->result.n_rows % 4096 == 0)
            options->progress(options->ctx, xmlTextReaderByteConsumed(xml->reader), 0);
    }
    if (!st && more < 0 && !people_facts_have_faults(xml->facts))
        fl_faults_add(xml->facts->faults, options->name, 0, NULL, NULL, "cannot be read as XML");
    return st;
}

static xmlRelaxNG *schema_read(void)
{
    xmlRelaxNGParserCtxt *parser =
        xmlRelaxNGNewMemParserCtxt(people_schemas[0].text, (int)strlen(people_schemas[0].text));
    xmlRelaxNG *schema = parser ? xmlRelaxNGParse(parser) : NULL;

    xmlRelaxNGFreeParserCtxt(parser);
    return schema;
}

enum fl_status people_facts_read_xml(struct people_facts *facts, int fd, struct fl_error *err)
{
    struct xml xml = {.facts = facts};
    xmlRelaxNG *schema = schema_read();
    enum fl_status st;

    if (schema && lseek(fd, 0, SEEK_SET) == 0)
        xml.reader = xmlReaderForFd(fd, NULL, NULL,
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_BIG_LINES);
    if (!xml.reader || xmlTextReaderRelaxNGSetSchema(xml.reader, schema)) {
        st = fl_error_set(err, FL_IO, "could not read \"%s\" as XML", facts->options->name);
    } else {
        xmlTextReaderSetStructuredErrorHandler(xml.reader, (xmlStructuredErrorFunc)note_fault,
                                               &xml);
        st = read_elements(&xml, err);
    }
    facts->result.charset = "XML";
    xmlFreeTextReader(xml.reader);
    xmlRelaxNGFree(schema);
    return st;
}
