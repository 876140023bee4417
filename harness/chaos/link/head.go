package link

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
)

// head is the head of a message, to be changed in some lines and left as it came
// in all others.
type head struct {
	first string // the request or status line
	lines []line
}

// line is a header as it came, with the lines that continue it.
type line struct{ name, text string }

// readHead takes apart what net/http has accepted as a head.
func readHead(raw []byte) *head {
	h := &head{}
	raw = bytes.TrimLeft(raw, "\r\n")
	first, rest, _ := bytes.Cut(raw, []byte("\n"))
	h.first = strings.TrimSuffix(string(first), "\r")
	for text := range bytes.Lines(rest) {
		t := strings.TrimRight(string(text), "\r\n")
		if n := len(h.lines); n > 0 && t != "" && (t[0] == ' ' || t[0] == '\t') {
			h.lines[n-1].text += "\r\n" + t
			continue
		}
		if name, _, ok := strings.Cut(t, ":"); ok {
			h.lines = append(h.lines, line{name, t})
		}
	}
	return h
}

func (h *head) bytes() []byte {
	b := []byte(h.first + "\r\n")
	for _, l := range h.lines {
		b = append(b, l.text+"\r\n"...)
	}
	return append(b, "\r\n"...)
}

// add adds a header.
func (h *head) add(name, value string) { h.lines = append(h.lines, line{name, name + ": " + value}) }

// set gives the header one value, where it first stands or else at the end.
func (h *head) set(name, value string) {
	lines, found := h.lines[:0], false
	for _, l := range h.lines {
		if strings.EqualFold(l.name, name) {
			if found {
				continue
			}
			found = true
			l.text = l.name + ": " + value
		}
		lines = append(lines, l)
	}
	h.lines = lines
	if !found {
		h.add(name, value)
	}
}

func (h *head) remove(names ...string) {
	lines := h.lines[:0]
	for _, l := range h.lines {
		keep := true
		for _, name := range names {
			keep = keep && !strings.EqualFold(l.name, name)
		}
		if keep {
			lines = append(lines, l)
		}
	}
	h.lines = lines
}

// hasBody makes the head say that a body of n bytes follows.
func (h *head) hasBody(n int) {
	h.remove("Transfer-Encoding", "Trailer")
	h.set("Content-Length", strconv.Itoa(n))
}

// request changes the request line. A target that is not a path (CONNECT,
// OPTIONS *) keeps what it is.
func (h *head) request(method string, target func(path, query string) (string, string)) {
	parts := strings.SplitN(h.first, " ", 3)
	if len(parts) != 3 {
		return
	}
	if method != "" {
		parts[0] = method
	}
	if at := pathAt(parts[1]); at >= 0 {
		path, query, asked := strings.Cut(parts[1][at:], "?")
		newPath, newQuery := target(path, query)
		parts[1] = parts[1][:at] + newPath
		if asked || newQuery != "" {
			parts[1] += "?" + newQuery
		}
	}
	h.first = strings.Join(parts, " ")
}

// pathAt is where the path of a target begins; −1: it has none.
func pathAt(target string) int {
	if strings.HasPrefix(target, "/") {
		return 0
	}
	scheme := strings.Index(target, "://")
	if scheme < 0 {
		return -1
	}
	if slash := strings.IndexByte(target[scheme+3:], '/'); slash >= 0 {
		return scheme + 3 + slash
	}
	return -1
}

// setQuery gives name one value in query, and leaves the rest as it came.
func setQuery(query, name, value string) string {
	pair := url.QueryEscape(name) + "=" + url.QueryEscape(value)
	var kept []string
	found := false
	for part := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(part, "=")
		if is, err := url.QueryUnescape(key); err == nil && is == name && part != "" {
			if found {
				continue
			}
			found, part = true, pair
		}
		if part != "" {
			kept = append(kept, part)
		}
	}
	if !found {
		kept = append(kept, pair)
	}
	return strings.Join(kept, "&")
}

// addQuery adds a pair to query.
func addQuery(query, name, value string) string {
	pair := url.QueryEscape(name) + "=" + url.QueryEscape(value)
	if query == "" {
		return pair
	}
	return query + "&" + pair
}
