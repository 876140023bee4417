package local

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"gauntlet/harness/platform"
)

const (
	maxLogSize = 64 << 20 // bytes; what is older is dropped when a log grows beyond
	tailWindow = 1 << 20  // bytes from the end in which Tail looks for lines
)

// replicaLog is the output of all lives of a replica. Processes write into the
// file themselves: no pipe fills up while the harness is busy, and their last
// words are kept even when the harness dies with them.
type replicaLog struct {
	file *os.File
	path string
}

func openLog(dir, replica string) (*replicaLog, error) {
	folder := filepath.Join(dir, folderLogs)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("the log of %s: %w", replica, err)
	}
	path := filepath.Join(folder, replica+".log")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("the log of %s: %w", replica, err)
	}
	return &replicaLog{file: file, path: path}, nil
}

// note writes a line of ours among those of the process. That it cannot be
// written is no reason to end a run.
func (l *replicaLog) note(format string, args ...any) {
	fmt.Fprintf(l.file, "--- %s %s\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), fmt.Sprintf(format, args...))
}

// bound drops what the log holds once it is too large. Everybody appends, so
// that the next line simply is the first again.
func (l *replicaLog) bound(limit int64) {
	info, err := l.file.Stat()
	if err != nil || info.Size() <= limit {
		return
	}
	if l.file.Truncate(0) == nil {
		l.note("the log grew beyond %d MiB; what was before is dropped", limit>>20)
	}
}

// tail is the last n lines, the longest cut short.
func (l *replicaLog) tail(n int) ([]string, error) {
	f, err := os.Open(l.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	from := max(0, info.Size()-tailWindow)
	text, err := io.ReadAll(io.NewSectionReader(f, from, tailWindow))
	if err != nil {
		return nil, err
	}
	if first := bytes.IndexByte(text, '\n'); from > 0 && first >= 0 {
		text = text[first+1:] // the window began within a line
	}
	return platform.LastLines(string(text), n), nil
}
