package experiment

import (
	"encoding/json"
)

// schema is a JSON Schema, or a part of one.
type schema map[string]any

// schema of an object: its fields, and no others.
func (o object[T]) schema() schema {
	properties := map[string]any{}
	var required []string
	for _, f := range o {
		if f.schema == nil { // this version cannot do it
			continue
		}
		properties[f.name] = f.schema.described(f.doc)
		if f.needed {
			required = append(required, f.name)
		}
	}
	s := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if required != nil {
		s["required"] = required
	}
	return s
}

// schemaOf is the schema of the field name.
func (o object[T]) schemaOf(name string) schema {
	for _, f := range o {
		if f.name == name {
			return f.schema
		}
	}
	return nil
}

func (s schema) described(doc string) schema {
	with := schema{"description": doc}
	for k, v := range s {
		with[k] = v
	}
	return with
}

// Schema is the JSON Schema (draft 2020-12) of the two kinds of file, an
// experiment and a suite, for editors. It comes from the tables that read
// them, and knows their form; what depends on several fields only Parse and
// ParseSuite check.
func Schema() []byte {
	text, err := json.MarshalIndent(schema{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "gauntlet experiment or suite",
		"description": "A gauntlet experiment; with kind: Suite, experiments that are run one after the other.",
		"type":        "object",
		"if":          schema{"properties": schema{"kind": schema{"const": KindSuite}}, "required": []string{"kind"}},
		"then":        suiteFields.schema(),
		"else":        file.schema(),
	}, "", "  ")
	if err != nil {
		panic(err) // it is made of strings, numbers, maps and slices
	}
	return append(text, '\n')
}
