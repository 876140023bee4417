package experiment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gauntlet/harness/diagnostic"
)

// folder is where experiments live.
const folder = "experiments"

// ErrNotFound is when no experiment has the name.
var ErrNotFound = errors.New("no such experiment")

// Find is the file of the experiment name: experiments/NAME.yaml of the
// nearest folder that has one, from the current folder upwards. A name with a
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
		path := filepath.Join(dir, folder, name+".yaml")
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return shorter(here, path), nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	dir, ok := nearest(here)
	if !ok {
		return "", fmt.Errorf("%w: %q, and no folder %s here or above", ErrNotFound, name, folder)
	}
	var names []string
	for _, path := range files(dir) {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".yaml"))
	}
	return "", fmt.Errorf("%w: %q; %s has %s; %s", ErrNotFound, name, shorter(here, dir), list(names), diagnostic.DidYouMean(name, names))
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
	Name       string // the file's when Err is set
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
			entry.Name, entry.Hypothesis = e.Name, e.Hypothesis
			for _, c := range e.Controls {
				entry.Controls = append(entry.Controls, c.Name)
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
