package platform

import "strings"

// maxLine is how much of a line LastLines keeps, in bytes.
const maxLine = 2 << 10

// LastLines is the last n lines of what a replica printed, fit to be shown:
// valid UTF-8, the longest cut short, and without a control character that a
// terminal would obey.
func LastLines(text string, n int) []string {
	text = strings.TrimRight(text, "\n")
	if text == "" || n <= 0 {
		return nil
	}
	lines := strings.Split(text, "\n")
	lines = lines[max(0, len(lines)-n):]
	for i, line := range lines {
		line = strings.ToValidUTF8(strings.TrimSuffix(line, "\r"), "�")
		if len(line) > maxLine {
			line = strings.ToValidUTF8(line[:maxLine], "") + "…"
		}
		lines[i] = strings.Map(visible, line)
	}
	return lines
}

// visible keeps a terminal from obeying what a replica printed: a control
// character other than a tab becomes its picture (U+2400 on).
func visible(r rune) rune {
	switch {
	case r == '\t':
		return r
	case r < 0x20:
		return '␀' + r
	case r == 0x7f:
		return '␡'
	case r >= 0x80 && r < 0xa0:
		return '�'
	}
	return r
}
