package experiment

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"gauntlet/harness/diagnostic"
)

var update = flag.Bool("update", false, "write the golden files and experiments/schema.json")

// Each file NAME.yaml of the archive is wrong; NAME.want is what is said
// about it.
func TestMistakesAreShownWhereTheyAre(t *testing.T) {
	const golden = "testdata/mistakes.txtar"
	archive, err := txtar.ParseFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	wants := map[string][]byte{}
	for _, f := range archive.Files {
		wants[f.Name] = f.Data
	}
	rewritten := &txtar.Archive{Comment: archive.Comment}
	for _, f := range archive.Files {
		name, isCase := strings.CutSuffix(f.Name, ".yaml")
		if !isCase {
			continue
		}
		_, err := Parse(filepath.Join("testdata", f.Name), f.Data)
		got := []byte("accepted\n")
		if err != nil {
			got = []byte(err.Error() + "\n")
		}
		rewritten.Files = append(rewritten.Files, f, txtar.File{Name: name + ".want", Data: got})
		if *update {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if want := wants[name+".want"]; !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if len(diagnostic.All(err)) == 0 {
				t.Errorf("the error has no place: %v", err)
			}
		})
	}
	if *update {
		if err := os.WriteFile(golden, txtar.Format(rewritten), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
