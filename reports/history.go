package reports

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// HistoryEntry is a run in one line of history.ndjson: what trends need, so
// that nobody has to open old runs for them.
type HistoryEntry struct {
	Run             string   `json:"run"`
	Experiment      string   `json:"experiment"`
	Control         string   `json:"control,omitempty"`
	Fingerprint     string   `json:"fingerprint"`
	Verdict         Verdict  `json:"verdict"`
	StartedAt       string   `json:"startedAt"`
	Commit          string   `json:"commit"`
	RecoverySeconds *float64 `json:"recoverySeconds"` // null: not measured
	Availability    *float64 `json:"availability"`    // overall, null: not measured
	FaultP99Ms      *float64 `json:"faultP99Ms"`      // of the fault phase, null: there was none
	Lost            int      `json:"lost"`
	Folder          string   `json:"folder"` // Result.Folder
}

// HistoryOf is the line of a run.
func HistoryOf(r *Result) HistoryEntry {
	e := HistoryEntry{Run: r.Run, Experiment: r.Experiment, Control: r.Control, Fingerprint: r.Fingerprint, Verdict: r.Verdict,
		StartedAt: r.StartedAt, Commit: r.Commit, Lost: r.Consistency.Lost, Folder: r.Folder}
	if r.Recovery != nil {
		e.RecoverySeconds = r.Recovery.FromInject.Seconds
	}
	if a, ok := r.Availability["overall"]; ok {
		e.Availability = &a.Ratio
	}
	if l, ok := r.Latency["fault"]; ok && l.Count > 0 {
		e.FaultP99Ms = &l.P99
	}
	return e
}

// AppendHistory adds the run to the history at path, which it creates. The
// line goes out in one write to a file opened for appending, so that runs
// that end together do not mix their lines.
func AppendHistory(path string, r *Result) error {
	line, err := json.Marshal(HistoryOf(r))
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	line = append(line, '\n')
	if torn(f) {
		line = append([]byte{'\n'}, line...)
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Close())
}

// torn says that the last line has no end: its writer was killed.
func torn(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	var last [1]byte
	_, err = f.ReadAt(last[:], info.Size()-1)
	return err == nil && last[0] != '\n'
}

// ReadHistory is the last n runs with the fingerprint (any when it is ""),
// the oldest first. Without a file there are none. A line that cannot be read
// (its writer was killed) is left out.
func ReadHistory(path, fingerprint string, n int) ([]HistoryEntry, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	defer f.Close()
	var all []HistoryEntry
	for r := bufio.NewReader(f); ; {
		line, err := r.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("history: %w", err)
		}
		var e HistoryEntry
		if json.Unmarshal(bytes.TrimSpace(line), &e) == nil && (fingerprint == "" || e.Fingerprint == fingerprint) {
			all = append(all, e)
		}
		if err == io.EOF {
			return all[max(0, len(all)-max(n, 0)):], nil
		}
	}
}
