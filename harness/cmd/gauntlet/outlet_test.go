package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A reader who is gone is not complained about, and the exit code is what it
// would have been.
func TestAReaderThatIsGone(t *testing.T) {
	run := filepath.Join("harness", "run", "testdata", "earlier")
	for _, c := range []struct {
		args string
		code int
	}{
		{"version", exitPass},
		{"schema", exitPass},
		{"list", exitPass},
		{"validate redis-outage --platform all", exitPass},
		{"validate redis-outage --set load.rate=1/s", exitUsage},
		{"run redis-outage --dry-run", exitPass},
		{"judge " + run, exitPass},
		{"export " + run + " --to csv", exitPass},
		{"export " + run + " --to vegeta", exitPass},
	} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		reader.Close()
		cmd := command(t, t.TempDir(), strings.Fields(c.args)...)
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = writer, &said
		cmd.Run() // its exit code tells
		writer.Close()
		if code := cmd.ProcessState.ExitCode(); code != c.code || strings.Contains(said.String(), "broken pipe") || c.code == exitPass && said.Len() > 0 {
			t.Errorf("%s: exit code %d, want %d; it said %q", c.args, code, c.code, said.String())
		}
	}
}
