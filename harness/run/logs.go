package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gauntlet/harness/history"
	"gauntlet/harness/observe"
)

// The files of a run whose load several generators shared, in the place of
// ops.log and host.jsonl: each has a log of its own, ops-1.log and so on, and
// where it had a host of its own what it saw of that, host-1.jsonl.
const opsFiles = "ops-*.log"

// generator is what a generator of load saw of its host.
type generator struct {
	host []observe.Sample // nil: a run of before there was any
	from string           // the file that it is from, which generators of one host share
	late []history.Op     // of its control stream
}

// openLog opens the log of the run in dir; those of several generators as one,
// which is then what a single generator would have written.
func openLog(dir string) (*history.Log, error) {
	paths, err := logsOf(dir)
	if err != nil {
		return nil, err
	}
	var logs []*history.Log
	for _, path := range paths {
		log, err := history.Open(path)
		if err != nil {
			for _, l := range logs {
				l.Close()
			}
			return nil, err
		}
		logs = append(logs, log)
	}
	return history.Merge(logs...)
}

// logsOf are the paths of the logs of the run in dir, in the generators' order.
func logsOf(dir string) ([]string, error) {
	one := filepath.Join(dir, opsFile)
	several, err := filepath.Glob(filepath.Join(dir, opsFiles))
	if err != nil {
		return nil, err
	}
	if len(several) == 0 {
		return []string{one}, nil
	}
	if _, err := os.Stat(one); err == nil {
		return nil, fmt.Errorf("%s has %s and beside it %s: it is of one generator or of several", dir, opsFile, filepath.Base(several[0]))
	}
	slices.SortFunc(several, compareNatural)
	return several, nil
}

// generatorsOf is what each generator of the run in dir saw of its host, in the
// order of the logs.
func generatorsOf(dir string) ([]generator, error) {
	paths, err := logsOf(dir)
	if err != nil {
		return nil, err
	}
	generators := make([]generator, len(paths))
	for i, path := range paths {
		number := strings.TrimPrefix(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), "ops")
		host := filepath.Join(dir, "host"+number+filepath.Ext(hostFile))
		if _, err := os.Stat(host); errors.Is(err, os.ErrNotExist) {
			host = filepath.Join(dir, hostFile) // they ran on one host
		}
		generators[i].from = host
		if generators[i].host, err = readHost(host); err != nil {
			return nil, err
		}
	}
	return generators, nil
}
