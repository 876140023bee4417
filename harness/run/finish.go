package run

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gauntlet/harness/history"
	"gauntlet/reports"
)

// judge judges the run, writes its results, and enters it in the history of
// runs.
func (s *session) judge() (*reports.Result, error) {
	result, series, err := Judge(s.dir)
	if err != nil {
		return nil, fmt.Errorf("judge the run (its logs are in %s): %w", s.dir, err)
	}
	err = WriteResult(s.dir, result, series)
	if pageErr := Report(s.dir, s.o.History); pageErr != nil {
		err = errors.Join(err, pageErr)
	}
	// After the page, whose list of earlier runs must not hold this one.
	return result, errors.Join(err, reports.AppendHistory(s.o.History, result))
}

// WriteResult writes result.json and series.json into the run's folder.
func WriteResult(dir string, r *reports.Result, s *reports.Series) error {
	return errors.Join(
		reports.Save(filepath.Join(dir, resultFile), func(w io.Writer) error { return reports.WriteResult(w, r) }),
		reports.Save(filepath.Join(dir, seriesFile), func(w io.Writer) error { return reports.WriteSeries(w, s) }),
	)
}

// Report draws everything that a person or a pipeline reads of the run in
// dir, from result.json, series.json, the experiment and the replicas' logs.
// historyFile gives the earlier runs; it may be missing.
func Report(dir, historyFile string) error {
	result, series, err := ReadResult(dir)
	if err != nil {
		return err
	}
	extra, err := extra(dir, historyFile, result)
	if err != nil {
		return err
	}
	return errors.Join(
		reports.Save(filepath.Join(dir, pageFile), func(w io.Writer) error { return reports.HTML(w, result, series, extra) }),
		reports.Save(filepath.Join(dir, junitFile), func(w io.Writer) error { return reports.JUnit(w, result) }),
		reports.Save(filepath.Join(dir, summaryFile), func(w io.Writer) error { return reports.Markdown(w, result) }),
		reports.Save(filepath.Join(dir, metricsFile), func(w io.Writer) error { return reports.OpenMetrics(w, result) }),
	)
}

// ReadResult reads what a run was judged to be.
func ReadResult(dir string) (*reports.Result, *reports.Series, error) {
	r, err := os.Open(filepath.Join(dir, resultFile))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := readFacts(dir); err != nil {
			return nil, nil, err
		}
		return nil, nil, fmt.Errorf("%s has no %s: the run was killed, or its judge\n  hint: gauntlet judge --write %s", dir, resultFile, dir)
	}
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	result, err := reports.ReadResult(r)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", r.Name(), err)
	}
	result.Folder = dir
	f, err := os.Open(filepath.Join(dir, seriesFile))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	series, err := reports.ReadSeries(f)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return result, series, nil
}

// recentRuns is how many earlier runs the page shows.
const recentRuns = 10

// extra is what the page shows beside result and series.
func extra(dir, historyFile string, r *reports.Result) (reports.Extra, error) {
	source, err := os.ReadFile(filepath.Join(dir, experimentFile))
	if err != nil {
		return reports.Extra{}, err
	}
	e := reports.Extra{Experiment: redact("", string(source)), Logs: excerpts(dir, r)}
	recent, err := reports.ReadHistory(historyFile, r.Fingerprint, recentRuns+1)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return e, err
	}
	for _, h := range recent {
		if h.Run != r.Run { // a page that is drawn again finds itself in the history
			e.Recent = append(e.Recent, h)
		}
	}
	e.Recent = e.Recent[max(0, len(e.Recent)-recentRuns):]
	return e, nil
}

// How much of a victim's log is shown: the page stays small whatever a replica
// prints.
const (
	excerptLines = 12
	excerptBytes = 64 << 10
	excerptWidth = 400
)

// excerpts are the victims' last lines: what a replica said when it came back
// is at the end of its log.
func excerpts(dir string, r *reports.Result) []reports.LogExcerpt {
	var all []reports.LogExcerpt
	shown := map[string]bool{}
	for _, f := range r.Faults {
		for _, target := range f.Targets {
			if shown[target] || f.InjectBegin == nil {
				continue
			}
			shown[target] = true
			text, err := lastLines(filepath.Join(dir, logsFolder, target+".log"))
			if err != nil || text == "" {
				continue // a replica that said nothing, or a folder without logs
			}
			all = append(all, reports.LogExcerpt{Source: target, Edge: "its last lines, after " + f.Name, At: *f.InjectBegin, Text: redact("", text)})
		}
	}
	return all
}

// lastLines is the end of the log at path, with long lines cut.
func lastLines(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-excerptBytes), excerptBytes))
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	lines = lines[max(0, len(lines)-excerptLines):]
	for i, line := range lines {
		if runes := []rune(line); len(runes) > excerptWidth {
			lines[i] = string(runes[:excerptWidth]) + "…"
		}
	}
	return strings.Join(lines, "\n"), nil
}

// Export opens the log of the run in dir.
func Export(dir string) (*history.Log, error) {
	if _, err := readFacts(dir); err != nil {
		return nil, err
	}
	return openLog(dir)
}
