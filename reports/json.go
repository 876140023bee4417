package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"

	"github.com/invopop/jsonschema"
)

// WriteResult writes result.json: indented, keys in the order of the type,
// maps by key, lists never null. The same result gives the same bytes.
func WriteResult(w io.Writer, r *Result) error {
	c := *r
	c.SchemaVersion = SchemaVersion
	b, err := json.MarshalIndent(withLists(reflect.ValueOf(c)).Interface(), "", "  ")
	if err != nil {
		return fmt.Errorf("result: %w", err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// ReadResult reads result.json. One written by a later version is refused.
func ReadResult(r io.Reader) (*Result, error) {
	return read[Result](r, "result")
}

// WriteSeries writes series.json, deterministic like WriteResult; lists of
// numbers keep to a line, since there are thousands of them.
func WriteSeries(w io.Writer, s *Series) error {
	c := *s
	c.SchemaVersion = SchemaVersion
	b, err := json.Marshal(withLists(reflect.ValueOf(c)).Interface())
	if err != nil {
		return fmt.Errorf("series: %w", err)
	}
	_, err = w.Write(append(indentTo(b, 2), '\n'))
	return err
}

// ReadSeries reads series.json. One written by a later version is refused.
func ReadSeries(r io.Reader) (*Series, error) {
	return read[Series](r, "series")
}

// WriteSuite writes suite.json, deterministic like WriteResult.
func WriteSuite(w io.Writer, s *Suite) error {
	c := *s
	c.SchemaVersion = SchemaVersion
	b, err := json.MarshalIndent(withLists(reflect.ValueOf(c)).Interface(), "", "  ")
	if err != nil {
		return fmt.Errorf("suite: %w", err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// ReadSuite reads suite.json. One written by a later version is refused.
func ReadSuite(r io.Reader) (*Suite, error) {
	return read[Suite](r, "suite")
}

// WriteComparison writes comparison.json, deterministic like WriteResult.
func WriteComparison(w io.Writer, c *Comparison) error {
	one := *c
	one.SchemaVersion = SchemaVersion
	b, err := json.MarshalIndent(withLists(reflect.ValueOf(one)).Interface(), "", "  ")
	if err != nil {
		return fmt.Errorf("comparison: %w", err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// ReadComparison reads comparison.json. One written by a later version is
// refused.
func ReadComparison(r io.Reader) (*Comparison, error) {
	return read[Comparison](r, "comparison")
}

func read[T Result | Series | Suite | Calibration | Comparison](r io.Reader, what string) (*T, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	// The version first: what a later one holds need not fit our types.
	var head struct {
		SchemaVersion int `json:"schemaVersion"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, fmt.Errorf("%s: not JSON of gauntlet: %w", what, err)
	}
	switch {
	case head.SchemaVersion < 1:
		return nil, fmt.Errorf("%s: no schemaVersion: this is not a %s of gauntlet", what, what)
	case head.SchemaVersion > SchemaVersion:
		return nil, fmt.Errorf("%s: written by a later gauntlet (schemaVersion %d; this one reads up to %d)", what, head.SchemaVersion, SchemaVersion)
	}
	v := new(T)
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return v, nil
}

// ResultSchema is the JSON Schema (draft 2020-12) of result.json. It allows
// fields that it does not know: later additions keep the version.
func ResultSchema() ([]byte, error) {
	r := jsonschema.Reflector{AllowAdditionalProperties: true, Anonymous: true, DoNotReference: true}
	schema := r.Reflect(&Result{})
	schema.Title = "result.json of gauntlet"
	allowNull(schema, reflect.TypeOf(Result{}))
	if v, ok := schema.Properties.Get("verdict"); ok {
		v.Enum = []any{Pass, Fail, Inconclusive}
	}
	if v, ok := schema.Properties.Get("schemaVersion"); ok {
		v.Const = SchemaVersion
	}
	b, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("schema of the result: %w", err)
	}
	return append(b, '\n'), nil
}

// allowNull lets every pointer of t be null in its schema, which the
// reflector leaves out.
func allowNull(s *jsonschema.Schema, t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer:
		allowNull(s, t.Elem())
		inner := *s
		*s = jsonschema.Schema{AnyOf: []*jsonschema.Schema{&inner, {Type: "null"}}}
	case reflect.Slice:
		allowNull(s.Items, t.Elem())
	case reflect.Map:
		if s.AdditionalProperties != nil {
			allowNull(s.AdditionalProperties, t.Elem())
		}
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := bytes.Cut([]byte(f.Tag.Get("json")), []byte(","))
			if p, ok := s.Properties.Get(string(name)); ok {
				allowNull(p, f.Type)
			}
		}
	}
}

// withLists is v with empty lists and maps in the place of nil ones, so that
// no reader has to tell null from empty.
func withLists(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Struct:
		c := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			c.Field(i).Set(withLists(v.Field(i)))
		}
		return c
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		c := reflect.New(v.Type().Elem())
		c.Elem().Set(withLists(v.Elem()))
		return c
	case reflect.Slice:
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			c.Index(i).Set(withLists(v.Index(i)))
		}
		return c
	case reflect.Map:
		c := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			c.SetMapIndex(it.Key(), withLists(it.Value()))
		}
		return c
	}
	return v
}

// indentTo indents compact JSON down to the given depth and leaves what is
// deeper on one line.
func indentTo(src []byte, depth int) []byte {
	var out bytes.Buffer
	level, inString := 0, false
	newline := func() {
		out.WriteByte('\n')
		for range level {
			out.WriteString("  ")
		}
	}
	for i := 0; i < len(src); i++ {
		c := src[i]
		switch {
		case inString:
			out.WriteByte(c)
			if c == '\\' {
				i++
				out.WriteByte(src[i])
			} else if c == '"' {
				inString = false
			}
		case c == '"':
			inString = true
			out.WriteByte(c)
		case c == '{' || c == '[':
			out.WriteByte(c)
			level++
			if level <= depth && src[i+1] != '}' && src[i+1] != ']' {
				newline()
			}
		case c == '}' || c == ']':
			level--
			if level < depth && src[i-1] != '{' && src[i-1] != '[' {
				newline()
			}
			out.WriteByte(c)
		case c == ',' && level <= depth:
			out.WriteByte(c)
			newline()
		default:
			out.WriteByte(c)
		}
	}
	return out.Bytes()
}
