// Package diagnostic is how gauntlet says that something in a file is wrong:
// what, where (file:line:column, with the line itself), and what to do.
package diagnostic

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Diagnostic is one mistake in a file. It is an error.
type Diagnostic struct {
	File    string // as the user named it
	Line    int    // from 1; 0 when the mistake is about the file as a whole
	Column  int    // from 1
	Message string // what is wrong
	Hint    string // what to do about it; may be empty
	Snippet string // the line itself; may be empty
}

// Error renders it the way a compiler would, the line and a caret under the
// column included.
func (d *Diagnostic) Error() string {
	var b strings.Builder
	b.WriteString(d.File)
	if d.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", d.Line, d.Column)
	}
	b.WriteString(": " + d.Message)
	if d.Snippet != "" && d.Line > 0 {
		gutter := fmt.Sprintf("%6d | ", d.Line)
		fmt.Fprintf(&b, "\n%s%s\n%s%s^", gutter, d.Snippet, strings.Repeat(" ", len(gutter)-2)+"| ", indent(d.Snippet, d.Column))
	}
	if d.Hint != "" {
		b.WriteString("\n  hint: " + d.Hint)
	}
	return b.String()
}

// indent is the white space that brings a caret under column c of line: tabs
// stay tabs, so that it lines up whatever their width.
func indent(line string, c int) string {
	var b strings.Builder
	for i, r := range []rune(line) {
		if i >= c-1 {
			break
		}
		if r == '\t' {
			b.WriteRune('\t')
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// Line is the n-th line (from 1) of source, for Snippet; empty when there is
// none.
func Line(source []byte, n int) string {
	lines := strings.Split(string(source), "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	return strings.TrimRight(lines[n-1], "\r")
}

// List gathers the mistakes of a file, so that a user can mend all of them at
// once.
type List []*Diagnostic

// Error is every mistake, a paragraph each.
func (l List) Error() string {
	parts := make([]string, len(l))
	for i, d := range l {
		parts[i] = d.Error()
	}
	return strings.Join(parts, "\n")
}

// Err is l as an error, nil when it is empty, in the order of the file.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	slices.SortStableFunc(l, func(a, b *Diagnostic) int {
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return l
}

// All is the diagnostics that err holds, none when it is of another kind.
func All(err error) List {
	var l List
	if errors.As(err, &l) {
		return l
	}
	var d *Diagnostic
	if errors.As(err, &d) {
		return List{d}
	}
	return nil
}

// DidYouMean is the hint for a word that none of known is: the nearest one
// when a slip of the fingers explains it, else the whole list.
func DidYouMean(word string, known []string) string {
	best, distance := "", len(word)/3+2
	for _, k := range known {
		if d := edits(strings.ToLower(word), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "known here: " + strings.Join(known, ", ")
}

// edits is the Damerau-Levenshtein distance (optimal string alignment): the
// insertions, deletions, substitutions and swaps of neighbours that turn a
// into b.
func edits(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range y {
		rows[0][j+1] = j + 1
	}
	for i := range x {
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			d := min(rows[i][j+1]+1, rows[i+1][j]+1, rows[i][j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				d = min(d, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = d
		}
	}
	return rows[len(x)][len(y)]
}
