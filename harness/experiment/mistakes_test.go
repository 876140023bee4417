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
	showMistakes(t, "testdata/mistakes.txtar", func(name string, source []byte) error {
		_, err := Parse(filepath.Join("testdata", name), source)
		return err
	})
}

// The same for suites, which stand in a tree with the experiments short and
// defective, and the suite other.
func TestMistakesInSuitesAreShownWhereTheyAre(t *testing.T) {
	showMistakes(t, "testdata/suite-mistakes.txtar", func(name string, source []byte) error {
		_, err := ParseSuite(filepath.Join("testdata/tree/experiments/suites", name), source)
		return err
	})
}

func showMistakes(t *testing.T, golden string, parse func(name string, source []byte) error) {
	t.Helper()
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
		err := parse(f.Name, f.Data)
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
