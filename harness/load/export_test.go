package load

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// Both forms say the same of every request, whatever became of it.
func TestTheExportsAgree(t *testing.T) {
	log := exported(t)
	var lines, table bytes.Buffer
	if err := ExportJSONL(&lines, log); err != nil {
		t.Fatal(err)
	}
	if err := ExportCSV(&table, log); err != nil {
		t.Fatal(err)
	}
	cells, err := csv.NewReader(&table).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(cells[0], columns) || reflect.TypeFor[Row]().NumField() != len(columns) {
		t.Errorf("columns %q", cells[0])
	}
	for i := range reflect.TypeFor[Row]().NumField() {
		if tag := reflect.TypeFor[Row]().Field(i).Tag.Get("json"); tag != columns[i] {
			t.Errorf("column %d is %q in the table and %q in the objects", i, columns[i], tag)
		}
	}
	var rows []Row
	for line := range strings.Lines(lines.String()) {
		var r Row
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	if len(rows) != 5 || len(cells) != 6 {
		t.Fatalf("%d objects and %d lines of 5 requests", len(rows), len(cells))
	}
	for i, r := range rows {
		if !reflect.DeepEqual(r.cells(), cells[i+1]) {
			t.Errorf("request %d is %q and %q", i, r.cells(), cells[i+1])
		}
	}
	shard := 41
	want := Row{Stream: "load", Seq: 1, Operation: "put", Class: "timeout", Effect: "none", Shard: &shard, Client: 1, DueMs: 1, SentMs: 1, DoneMs: 2001}
	if !reflect.DeepEqual(rows[1], want) {
		t.Errorf("read back as %+v, want %+v", rows[1], want)
	}
	if rows[0].Replica != "mapper-1" || rows[3].Stream != "durability" || rows[2].Class != "unsent" {
		t.Errorf("rows %+v", rows)
	}
}
