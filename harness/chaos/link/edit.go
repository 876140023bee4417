package link

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"

	jsonpatch "github.com/evanphx/json-patch/v5"
)

// editHead changes the head as the rules say, where messages end apart.
func (m *message) editHead(h *head) {
	for _, r := range m.rules {
		if r.HTTP.editHead(h) {
			m.note(r)
		}
	}
}

// editHead tells whether the rule says anything about the head.
func (r *HTTP) editHead(h *head) (changed bool) {
	if r.ReplaceMethod != "" || r.ReplacePath != "" || len(r.ReplaceQueries)+len(r.PatchQueries) > 0 {
		h.request(r.ReplaceMethod, r.target)
		changed = true
	}
	if r.ReplaceCode != 0 {
		h.status(r.ReplaceCode)
		changed = true
	}
	if r.ReplaceBody != nil {
		h.remove("Content-Encoding")
	}
	for _, name := range slices.Sorted(maps.Keys(r.ReplaceHeaders)) {
		h.set(name, r.ReplaceHeaders[name])
		changed = true
	}
	for _, p := range r.PatchHeaders {
		h.add(p[0], p[1])
		changed = true
	}
	return changed
}

// target is what the rule makes of a request's path and query.
func (r *HTTP) target(path, query string) (string, string) {
	if r.ReplacePath != "" {
		path = r.ReplacePath
	}
	for _, name := range slices.Sorted(maps.Keys(r.ReplaceQueries)) {
		query = setQuery(query, name, r.ReplaceQueries[name])
	}
	for _, p := range r.PatchQueries {
		query = addQuery(query, p[0], p[1])
	}
	return path, query
}

// editBody is the body that the rules make of the message's; nil when it stays.
// A patch that cannot be done is counted and left out.
func (p *parser) editBody(m *message) (body []byte) {
	skipped := false
	for _, rule := range m.rules {
		r := rule.HTTP
		if r.ReplaceBody != nil {
			body = r.ReplaceBody
			m.note(rule)
		}
		if r.PatchBody == "" || m.body == http.NoBody && body == nil {
			continue
		}
		from, ok := body, body != nil || !m.compressed
		if ok && body == nil {
			from, ok = m.read()
		}
		patched, err := jsonpatch.MergePatch(from, []byte(r.PatchBody))
		if !ok || err != nil {
			skipped = true
			rule.done.skipped.Add(1)
			continue
		}
		body = patched
		m.note(rule)
	}
	if skipped {
		p.s.count.skipped.Add(1)
	}
	return body
}

// read reads the whole body, once, and tells whether it is whole: not too long
// and not broken off.
// The tap keeps what was read.
func (m *message) read() ([]byte, bool) {
	if !m.wholeRead {
		var err error
		m.whole, err = io.ReadAll(io.LimitReader(m.body, maxBody+1))
		m.wholeRead, m.fits = true, err == nil && len(m.whole) <= maxBody
	}
	return m.whole, m.fits
}

// status changes the status line's code, and the phrase that names it.
func (h *head) status(code int) {
	version := h.first
	if len(version) > len("HTTP/1.1") {
		version = version[:len("HTTP/1.1")]
	}
	h.first = fmt.Sprintf("%s %03d %s", version, code, http.StatusText(code))
}
