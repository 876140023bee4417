package load

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"gauntlet/harness/history"
)

// Both forms say the same of every request, whatever became of it.
func TestTheExportsAgree(t *testing.T) {
	log := open(t, exported(t))
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

// Whoever exports the log of a killed run gets what is whole, and is told that
// it is not all.
func TestATornExportIsTold(t *testing.T) {
	path := exported(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(whole, 1), 0o644); err != nil { // the next block, cut off
		t.Fatal(err)
	}
	for name, export := range map[string]func(io.Writer, *history.Log) error{"csv": ExportCSV, "jsonl": ExportJSONL, "vegeta": ExportVegeta} {
		var all, torn bytes.Buffer
		if err := export(&torn, open(t, path)); !errors.Is(err, history.ErrTorn) {
			t.Errorf("%s: %v", name, err)
		}
		if err := export(&all, open(t, exported(t))); err != nil || !bytes.Equal(all.Bytes(), torn.Bytes()) {
			t.Errorf("%s: %v, %d bytes of %d", name, err, torn.Len(), all.Len())
		}
	}
}
