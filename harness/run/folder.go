package run

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gauntlet/reports"
)

// The files of a run's folder.
const (
	opsFile        = "ops.log"
	eventsFile     = "events.jsonl"
	hostFile       = "host.jsonl"
	experimentFile = "experiment.yaml"
	factsFile      = "run.json"
	resultFile     = "result.json"
	seriesFile     = "series.json"
	pageFile       = "report.html"
	junitFile      = "junit.xml"
	summaryFile    = "summary.md"
	metricsFile    = "metrics.prom"
	logsFolder     = "logs"
)

// Facts is run.json: what a judge must know of a run that is neither in its
// experiment nor in its logs. It is written before the load begins, so that
// a killed run can be judged as far as it went.
type Facts struct {
	SchemaVersion int                 `json:"schemaVersion"`
	Run           string              `json:"run"`
	StartedAt     time.Time           `json:"startedAt"`
	Seed          int64               `json:"seed"`
	Shift         time.Duration       `json:"shift,omitempty"` // Options.Shift, in ns
	Platform      string              `json:"platform"`
	Substitutes   []string            `json:"substitutes"`
	Commit        string              `json:"commit"`
	ConfigDigest  string              `json:"configDigest"`
	Fingerprint   string              `json:"fingerprint"`
	Control       string              `json:"control,omitempty"`
	Workers       int                 `json:"workers"`
	HotKeys       []uint32            `json:"hotKeys,omitempty"`   // those of the shard that the load was for, by number
	Registers     int                 `json:"registers,omitempty"` // how many there are; 0 where none were asked
	Faults        []FaultFacts        `json:"faults"`
	Environment   reports.Environment `json:"environment"`
	Command       string              `json:"command"`
	Set           []string            `json:"set,omitempty"`
}

// FaultFacts is what is known of a fault before it is injected, in the order
// of the experiment's faults.
type FaultFacts struct {
	Name       string        `json:"name"`
	Kind       string        `json:"kind"`
	Capability string        `json:"capability"`
	Targets    []string      `json:"targets"`
	OneShot    bool          `json:"oneShot"`
	At         time.Duration `json:"at"` // planned, from the end of the baseline, in ns
	// Lasts is how long it is active, in ns; of a one-shot fault how long its
	// victim may take to return.
	Lasts time.Duration `json:"lasts"`
}

// NewID names a run, or what is made of runs: when it began, and six hex digits
// that keep two of a second apart. That of a run is part of every value that it
// writes.
func NewID(began time.Time) string {
	var b [3]byte
	rand.Read(b[:]) // which never fails
	return began.UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(b[:])
}

// newFolder makes the folder of a run: OUT/EXPERIMENT/ID.
func newFolder(out, experiment, id string) (string, error) {
	dir, err := filepath.Abs(filepath.Join(out, experiment, id))
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(filepath.Join(dir, logsFolder), 0o755)
}

func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

func readFacts(dir string) (Facts, error) {
	var f Facts
	path := filepath.Join(dir, factsFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, fmt.Errorf("%s is no run of gauntlet's: it has no %s\n  hint: a run is a folder like reports/runs/EXPERIMENT/ID", dir, factsFile)
	}
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	if f.SchemaVersion < 1 {
		return f, fmt.Errorf("%s: no schemaVersion: it was not written by gauntlet", path)
	}
	if f.SchemaVersion > reports.SchemaVersion {
		return f, fmt.Errorf("%s: version %d, this gauntlet reads up to %d; use a later one", path, f.SchemaVersion, reports.SchemaVersion)
	}
	return f, nil
}
