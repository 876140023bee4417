package experiment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gauntlet/harness/diagnostic"
)

// folder is where experiments live, suiteFolder within it where suites do:
// apart, so that whoever takes every experiment does not take each twice.
const (
	folder      = "experiments"
	suiteFolder = "suites"
)

// ErrNotFound is when no experiment and no suite has the name.
var ErrNotFound = errors.New("no such experiment or suite")

// Find is the file of the experiment or suite name: experiments/NAME.yaml or
// experiments/suites/NAME.yaml of the nearest folder that has one, from the
// current folder upwards. A name with a
// slash or an ending is the path of a file. The path is relative to the
// current folder where that is shorter to read.
func Find(name string) (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the experiment %s: %w", name, err)
	}
	if strings.ContainsRune(name, filepath.Separator) || filepath.Ext(name) == ".yaml" || filepath.Ext(name) == ".yml" {
		if info, err := os.Stat(name); err != nil {
			return "", fmt.Errorf("%w: %w", ErrNotFound, err)
		} else if info.IsDir() {
			return "", fmt.Errorf("%w: %s is a folder", ErrNotFound, name)
		}
		return name, nil
	}
	return find(here, name)
}

func find(here, name string) (string, error) {
	for dir := here; ; dir = filepath.Dir(dir) {
		for _, path := range []string{filepath.Join(dir, folder, name+".yaml"), filepath.Join(dir, folder, suiteFolder, name+".yaml")} {
			if regular(path) {
				return shorter(here, path), nil
			}
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	dir, ok := nearest(here)
	if !ok {
		return "", fmt.Errorf("%w: %q, and no folder %s here or above", ErrNotFound, name, folder)
	}
	names := append(namesIn(dir), namesIn(filepath.Join(dir, suiteFolder))...)
	return "", fmt.Errorf("%w in %s: %q; %s", ErrNotFound, shorter(here, dir), name, diagnostic.DidYouMean(name, names))
}

func regular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// namesIn are the names of the files in dir.
func namesIn(dir string) []string {
	var names []string
	for _, path := range files(dir) {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".yaml"))
	}
	return names
}

// Folder is the nearest folder of experiments, from the current folder
// upwards.
func Folder() (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the experiments: %w", err)
	}
	dir, ok := nearest(here)
	if !ok {
		return "", fmt.Errorf("%w: no folder %s here or above", ErrNotFound, folder)
	}
	return shorter(here, dir), nil
}

func nearest(here string) (string, bool) {
	for dir := here; ; dir = filepath.Dir(dir) {
		if at := filepath.Join(dir, folder); len(files(at)) > 0 {
			return at, true
		}
		if dir == filepath.Dir(dir) {
			return "", false
		}
	}
}

// Entry is an experiment in a folder.
type Entry struct {
	Path       string
	Name       string // the file's, by which Find finds it
	Hypothesis string
	Controls   []string
	Err        error // it is not valid
}

// Names lists the experiments in dir, by file name.
func Names(dir string) []Entry {
	var entries []Entry
	for _, path := range files(dir) {
		entry := Entry{Path: path, Name: strings.TrimSuffix(filepath.Base(path), ".yaml")}
		e, err := Read(path)
		if err != nil {
			entry.Err = err
		} else {
			entry.Hypothesis = e.Hypothesis
			for _, c := range e.Controls {
				entry.Controls = append(entry.Controls, c.Name)
			}
		}
		entries = append(entries, entry)
	}
	return entries
}

// SuiteEntry is a suite in a folder of experiments.
type SuiteEntry struct {
	Path        string
	Name        string // the file's, by which Find finds it
	Description string
	Experiments []string
	Err         error // it is not valid
}

// Suites lists the suites of dir, a folder of experiments, by file name.
func Suites(dir string) []SuiteEntry {
	var entries []SuiteEntry
	for _, path := range files(filepath.Join(dir, suiteFolder)) {
		entry := SuiteEntry{Path: path, Name: strings.TrimSuffix(filepath.Base(path), ".yaml")}
		s, err := ReadSuite(path)
		if err != nil {
			entry.Err = err
		} else {
			entry.Description = s.About()
			for _, e := range s.Entries {
				entry.Experiments = append(entry.Experiments, e.Experiment.Name)
			}
		}
		entries = append(entries, entry)
	}
	return entries
}

// files are the YAML files in dir, by name; none when it cannot be read.
func files(dir string) []string {
	var paths []string
	found, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, f := range found {
		if f.Type().IsRegular() && filepath.Ext(f.Name()) == ".yaml" {
			paths = append(paths, filepath.Join(dir, f.Name()))
		}
	}
	return paths
}

// shorter is path relative to here, unless that leads far away.
func shorter(here, path string) string {
	relative, err := filepath.Rel(here, path)
	if err != nil || len(relative) > len(path) {
		return path
	}
	return relative
}
