package history

import (
	"strings"
	"testing"
)

func FuzzEvents(f *testing.F) {
	f.Add(`{"at":-5,"until":7,"type":"up"}` + "\n" + `{"at":9,"type":"inject","name":"x","targets":["a"],"proven":true}` + "\n")
	f.Add(`{"at":1,"type":"end"}` + "\n" + `{"at":2,"ty`)
	f.Add("{}\nnull\n[]\n")
	f.Fuzz(func(t *testing.T, text string) {
		events, err := readEvents(strings.NewReader(text), "events.jsonl")
		if err == nil && len(events) != strings.Count(text, "\n") {
			t.Errorf("%d events of %q", len(events), text)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "events.jsonl:") {
			t.Errorf("%q: %v does not say where", text, err)
		}
	})
}
