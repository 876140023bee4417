package reports

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.ndjson")
	if all, err := ReadHistory(path, "", 10); err != nil || len(all) != 0 {
		t.Fatalf("without a file: %v, %v", all, err)
	}
	r := passSample().result
	for i := range 12 {
		r.Run, r.Fingerprint = fmt.Sprint("run-", i), fmt.Sprint("f", i%2)
		r.Folder = "runs/x/" + r.Run
		if err := AppendHistory(path, r); err != nil {
			t.Fatal(err)
		}
	}
	some, err := ReadHistory(path, "f1", 3)
	if err != nil || len(some) != 3 {
		t.Fatalf("%v, %v", some, err)
	}
	for i, want := range []string{"run-7", "run-9", "run-11"} {
		if some[i].Run != want || *some[i].RecoverySeconds != 0.31 || some[i].Folder != "runs/x/"+want {
			t.Errorf("entry %d is %+v, want %s", i, some[i], want)
		}
	}
	if all, _ := ReadHistory(path, "", 100); len(all) != 12 {
		t.Errorf("%d lines, want 12", len(all))
	}
}

func TestHistorySurvivesATornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.ndjson")
	if err := os.WriteFile(path, []byte(`{"run":"killed while wri`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := AppendHistory(path, passSample().result); err != nil {
		t.Fatal(err)
	}
	all, err := ReadHistory(path, "", 10)
	if err != nil || len(all) != 1 || all[0].Run != "01JD8Q4Z" {
		t.Errorf("%v, %v", all, err)
	}
}

func TestHistoryOfRunsThatEndTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.ndjson")
	r := passSample().result
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := AppendHistory(path, r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if all, err := ReadHistory(path, r.Fingerprint, 100); err != nil || len(all) != 20 {
		t.Errorf("%d lines, %v", len(all), err)
	}
}
