package experiment

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"gauntlet/harness/diagnostic"
	"gauntlet/harness/load/shape"
	"gauntlet/harness/textfile"
)

// The bounds of a trace.
const (
	maxTraceBytes = 2 << 20
	maxTraceLines = 100_000
	maxTraceFound = 10 // mistakes that are shown
)

// columnNames are what a first line that names the columns is made of.
const columnNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,_ "

// traceForm is a trace as the experiment names it.
type traceForm struct {
	file   string
	repeat time.Duration
}

var traceFields = object[traceForm]{
	{name: "shape", doc: "A load that was written down.", needed: true, schema: schema{"const": "trace"}, read: func(*reader, string, ast.Node, *traceForm) {}},
	needed(scalar("file", "Its file, relative to this one: each line the seconds at which a request came, or SECONDS,RATE for a rate from then on.",
		words("a path"), func(t *traceForm) *string { return &t.file })),
	scalar("repeat", "After what time it begins anew. Without it the last rate holds on; requests always begin anew.", stretch,
		func(t *traceForm) *time.Duration { return &t.repeat }),
}

func readTrace(r *reader, path string, n ast.Node, l *Load) (shape.Shape, error) {
	var t traceForm
	before := len(r.found)
	if traceFields.read(r, path, n, &t); len(r.found) > before {
		return nil, nil
	}
	file := beside(r.file, t.file)
	source, err := textfile.Read(file, maxTraceBytes)
	if err != nil {
		r.refuseAt(join(path, "file"), "paths are relative to the experiment file", "%s: %v", join(path, "file"), err)
		return nil, nil
	}
	l.Trace = Trace{File: file, Source: string(source)}
	return parseTrace(file, l.Trace.Source, t.repeat)
}

// trace gathers the lines of a trace. The first decides what all of them are.
type trace struct {
	text  *text
	rates bool
	at    []time.Duration
	level []shape.Level
	found diagnostic.List
}

// parseTrace makes the shape of a trace. The error is a diagnostic.List when a
// line is wrong.
func parseTrace(file, source string, repeat time.Duration) (shape.Shape, error) {
	t := &trace{text: &text{file: file, source: []byte(source)}}
	lines := 0
	for i, line := range strings.Split(source, "\n") {
		content, _, _ := strings.Cut(line, "#")
		if content = strings.TrimSpace(content); content == "" {
			continue
		}
		if lines++; lines > maxTraceLines {
			t.refuse(i, line, content, "the trace goes on after %d lines, which is the limit", maxTraceLines)
			break
		}
		if lines == 1 {
			t.rates = strings.Contains(content, ",")
			if strings.Trim(content, columnNames) == "" {
				continue
			}
		}
		if t.add(i, line, content); len(t.found) >= maxTraceFound {
			break
		}
	}
	if err := t.found.Err(); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("the trace %s of %d lines", filepath.Base(file), lines)
	if t.rates {
		c, err := shape.Levels(name, t.level, repeat)
		return orWhole(t.text, c, err)
	}
	a, err := shape.NewArrivals(name, t.at, repeat)
	return orWhole(t.text, a, err)
}

// orWhole makes an error one about the trace as a whole.
func orWhole[S shape.Shape](t *text, s S, err error) (shape.Shape, error) {
	if err != nil {
		return nil, diagnostic.List{t.whole("", "not a trace: %v", err)}
	}
	return s, nil
}

// add takes line i, whose content is without comment and rim.
func (t *trace) add(i int, line, content string) {
	first, second, two := strings.Cut(content, ",")
	if two != t.rates {
		t.refuse(i, line, content, "this line is %s, and the first was %s", traceLine(two), traceLine(t.rates))
		return
	}
	seconds, ok := t.number(i, line, strings.TrimSpace(first), "seconds", day.Seconds())
	if !ok {
		return
	}
	at := time.Duration(math.Round(seconds * float64(time.Second)))
	last := time.Duration(-1)
	switch {
	case t.rates && len(t.level) > 0:
		last = t.level[len(t.level)-1].At
	case !t.rates && len(t.at) > 0:
		last = t.at[len(t.at)-1] - 1 // several may come at once
	}
	if at <= last {
		t.refuse(i, line, first, "%s s does not come after the line before it", strings.TrimSpace(first))
		return
	}
	if !t.rates {
		t.at = append(t.at, at)
		return
	}
	if len(t.level) == 0 && at != 0 {
		t.refuse(i, line, first, "the first rate must be that of second 0")
		return
	}
	if rate, ok := t.number(i, line, strings.TrimSpace(second), "requests per second", maxRate); ok {
		t.level = append(t.level, shape.Level{At: at, Rate: rate})
	}
}

func traceLine(two bool) string {
	if two {
		return "SECONDS,RATE"
	}
	return "SECONDS alone"
}

func (t *trace) number(i int, line, word, what string, most float64) (float64, bool) {
	v, err := strconv.ParseFloat(word, 64)
	if err != nil || strings.ContainsAny(word, "xXpPiInN_") || v < 0 || v > most {
		t.refuse(i, line, word, "%q is no number of %s from 0 to %.0f", word, what, most)
		return 0, false
	}
	return v, true
}

// refuse is a mistake in line i, where word stands.
func (t *trace) refuse(i int, line, word, format string, args ...any) {
	column := 1
	if at := strings.Index(line, strings.TrimSpace(word)); at >= 0 {
		column = 1 + len([]rune(line[:at]))
	}
	t.found = append(t.found, &diagnostic.Diagnostic{File: t.text.file, Line: i + 1, Column: column,
		Message: fmt.Sprintf(format, args...), Snippet: t.text.line(i + 1)})
}
