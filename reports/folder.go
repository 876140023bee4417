package reports

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Folder is how what was made of several runs lies on disk: what came of it as
// data, and beside that everything that a person or a pipeline reads, which is
// drawn from the data alone.
type Folder[T any] struct {
	what  string // as an error calls it
	data  string // the name of the file of data, by which the folder is known
	read  func(io.Reader) (*T, error)
	write func(io.Writer, *T) error
	drawn []view[T]
}

// view is a file of such a folder.
type view[T any] struct {
	name string
	draw func(io.Writer, *T) error
}

const folderPage = "index.html"

// The folders of suites and of comparisons of builds.
var (
	SuiteFolder = Folder[Suite]{"suite", "suite.json", ReadSuite, WriteSuite,
		[]view[Suite]{{folderPage, SuiteHTML}, {"junit.xml", SuiteJUnit}, {"summary.md", SuiteMarkdown}}}
	ComparisonFolder = Folder[Comparison]{"comparison", "comparison.json", ReadComparison, WriteComparison,
		[]view[Comparison]{{folderPage, ComparisonHTML}, {"junit.xml", ComparisonJUnit}, {"summary.md", ComparisonMarkdown}}}
)

// Is says that dir is such a folder, as opposed to that of a run.
func (f Folder[T]) Is(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, f.data))
	return err == nil
}

// Page is the path of the folder's page.
func (f Folder[T]) Page(dir string) string { return filepath.Join(dir, folderPage) }

// Make makes the folder dir, with those around it.
func (f Folder[T]) Make(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of the %s: %w", f.what, err)
	}
	return nil
}

// Write writes the folder anew.
func (f Folder[T]) Write(dir string, told *T) error {
	if err := Save(filepath.Join(dir, f.data), func(w io.Writer) error { return f.write(w, told) }); err != nil {
		return err
	}
	return f.Draw(dir)
}

// Read is the data of the folder.
func (f Folder[T]) Read(dir string) (*T, error) {
	file, err := os.Open(filepath.Join(dir, f.data))
	if err != nil {
		return nil, fmt.Errorf("%s is no folder of a %s: %w", dir, f.what, err)
	}
	defer file.Close()
	return f.read(file)
}

// Draw draws everything else again, from the data alone.
func (f Folder[T]) Draw(dir string) error {
	told, err := f.Read(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range f.drawn {
		errs = append(errs, Save(filepath.Join(dir, d.name), func(w io.Writer) error { return d.draw(w, told) }))
	}
	return errors.Join(errs...)
}

// Link is the folder of a run as a page in dir refers to it; "" for a run that
// has none.
func (f Folder[T]) Link(dir, run string) string {
	if run == "" {
		return ""
	}
	relative, err := filepath.Rel(dir, run)
	if err != nil {
		return ""
	}
	return filepath.ToSlash(relative)
}
