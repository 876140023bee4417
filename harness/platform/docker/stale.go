package docker

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/moby/moby/api/types/image"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"gauntlet/harness/topology"
)

// maxSources bounds the files that are looked at for being newer than an image.
const maxSources = 20_000

// imageTime is when an image was built for the last time. A build that changed
// nothing leaves Created as it was, and only names the image again.
func imageTime(i image.InspectResponse) time.Time {
	created, _ := time.Parse(time.RFC3339Nano, i.Created)
	if i.Metadata.LastTagTime.After(created) {
		return i.Metadata.LastTagTime
	}
	return created
}

// newerSource is a file of the build's context, outside of its .dockerignore,
// that was changed after the image was built; "" when there is none, or none
// can be known: the context is elsewhere, or the image has no time.
func newerSource(build *topology.Build, built time.Time) string {
	if build == nil || built.IsZero() {
		return ""
	}
	ignored, err := readIgnored(build.Context)
	if err != nil {
		return ""
	}
	newer, seen := "", 0
	filepath.WalkDir(build.Context, func(path string, entry fs.DirEntry, err error) error {
		relative, relErr := filepath.Rel(build.Context, path)
		if err != nil || relErr != nil || relative == "." {
			return nil
		}
		skip, _ := ignored.MatchesOrParentMatches(relative)
		if entry.IsDir() {
			if relative == ".git" || skip && !ignored.Exclusions() {
				return fs.SkipDir
			}
			return nil
		}
		if seen++; seen > maxSources {
			return fs.SkipAll
		}
		if info, err := entry.Info(); err == nil && !skip && info.ModTime().After(built) {
			newer = relative
			return fs.SkipAll
		}
		return nil
	})
	return newer
}

// readIgnored reads the .dockerignore of a context; none ignores nothing.
func readIgnored(dir string) (*patternmatcher.PatternMatcher, error) {
	f, err := os.Open(filepath.Join(dir, ".dockerignore"))
	if errors.Is(err, fs.ErrNotExist) {
		return patternmatcher.New(nil)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	patterns, err := ignorefile.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return patternmatcher.New(patterns)
}
