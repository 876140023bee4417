package link

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// HTTP is what a rule does to HTTP/1.1 messages: to requests when its
// direction is Forward, to answers when it is Backward. Fields that are zero
// match everything, and do nothing. It takes effect with the first message that
// begins after it is applied. Interim answers (1xx) pass unmatched.
//
// What several rules do to a message is done in turn, in the order of their
// faults' names; each matches the message as it came.
type HTTP struct {
	Path            string            `json:"path,omitempty"` // with * (any characters, / too) and ? (one)
	Method          string            `json:"method,omitempty"`
	Code            int               `json:"code,omitempty"` // of the answer; Backward only
	RequestHeaders  map[string]string `json:"requestHeaders,omitempty"`
	ResponseHeaders map[string]string `json:"responseHeaders,omitempty"` // Backward only

	Abort bool          `json:"abort,omitempty"` // break the connection off, with a RST, after the Delay and what went before
	Delay time.Duration `json:"delay,omitempty"`

	// Of a request; its query stays.
	ReplacePath   string `json:"replacePath,omitempty"`
	ReplaceMethod string `json:"replaceMethod,omitempty"`
	// Of an answer. With 204 or 304 it has no body.
	ReplaceCode int `json:"replaceCode,omitempty"`
	// Nil: none. What it is called (Content-Type) stays, how it is compressed
	// (Content-Encoding) goes.
	ReplaceBody    []byte            `json:"replaceBody,omitzero"`
	ReplaceQueries map[string]string `json:"replaceQueries,omitempty"` // of a request; added where there was none
	ReplaceHeaders map[string]string `json:"replaceHeaders,omitempty"` // added where there was none

	// A JSON merge patch (RFC 7396), of a body of up to 1 MiB. A request that
	// waits for leave to send its body (Expect: 100-continue) is not given it, and
	// sends when its patience ends (1 s, with most clients).
	PatchBody    string      `json:"patchBody,omitempty"`
	PatchQueries [][2]string `json:"patchQueries,omitempty"` // of a request; added
	PatchHeaders [][2]string `json:"patchHeaders,omitempty"` // added
}

// edits tells whether the rule changes what a message says.
func (h *HTTP) edits() bool {
	return h.ReplacePath != "" || h.ReplaceMethod != "" || h.ReplaceCode != 0 || h.ReplaceBody != nil || h.PatchBody != "" ||
		len(h.ReplaceQueries)+len(h.ReplaceHeaders)+len(h.PatchQueries)+len(h.PatchHeaders) > 0
}

// check says what of a rule for direction d cannot be done.
func (h *HTTP) check(d Direction) error {
	var all []error
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			all = append(all, fmt.Errorf(format, args...))
		}
	}
	if d == Forward {
		bad(h.Code != 0 || h.ReplaceCode != 0 || len(h.ResponseHeaders) > 0, "a request has no code and no headers of an answer")
	} else {
		bad(h.ReplacePath != "" || h.ReplaceMethod != "" || len(h.ReplaceQueries)+len(h.PatchQueries) > 0, "an answer has no path, method or queries to change")
	}
	bad(h.Delay < 0 || h.Delay > longest, "delay %v: must be 0 … 24h", h.Delay)
	bad(h.Code != 0 && (h.Code < 100 || h.Code > 999), "code %d: must be 100 … 999", h.Code)
	bad(h.ReplaceCode != 0 && (h.ReplaceCode < 200 || h.ReplaceCode > 999), "replacement of the code %d: must be 200 … 999", h.ReplaceCode)
	bad(h.ReplacePath != "" && (h.ReplacePath[0] != '/' || strings.ContainsFunc(h.ReplacePath, notInTarget)), "replacement of the path %q: must begin with / and be escaped, without a query", h.ReplacePath)
	bad(h.ReplaceMethod != "" && (!httpguts.ValidHeaderFieldName(h.ReplaceMethod) || h.ReplaceMethod == http.MethodConnect), "replacement of the method %q: must be another method than CONNECT", h.ReplaceMethod)
	bad(h.PatchBody != "" && !json.Valid([]byte(h.PatchBody)), "patch of the body: must be JSON")
	bad(len(h.ReplaceBody) > maxBody, "replacement of the body: must be at most %d bytes", maxBody)
	for name, value := range h.ReplaceHeaders {
		all = append(all, checkHeader(name, value))
	}
	for _, p := range h.PatchHeaders {
		all = append(all, checkHeader(p[0], p[1]))
	}
	return errors.Join(all...)
}

// notInTarget tells whether r ends a path, or is no part of a request's target.
func notInTarget(r rune) bool { return r <= ' ' || r >= 0x7f || r == '?' || r == '#' }

func checkHeader(name, value string) error {
	switch {
	case !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value):
		return fmt.Errorf("header %q: %q cannot be sent", name, value)
	case framing(name):
		return fmt.Errorf("header %q: says where the message ends, and cannot be changed", name)
	}
	return nil
}

// framing tells whether a header says where a message ends.
func framing(name string) bool {
	return strings.EqualFold(name, "Content-Length") || strings.EqualFold(name, "Transfer-Encoding") || strings.EqualFold(name, "Trailer")
}

// meets tells whether the rule is for a message: the request, or the answer to
// it when there is one.
func (h *HTTP) meets(request *http.Request, answer *http.Response) bool {
	if h.Path != "" && !wildcard(h.Path, request.URL.Path) || h.Method != "" && h.Method != request.Method || !has(request.Header, request.Host, h.RequestHeaders) {
		return false
	}
	return answer == nil || (h.Code == 0 || h.Code == answer.StatusCode) && has(answer.Header, "", h.ResponseHeaders)
}

// has tells whether headers have all of want, each as one of its values; host is
// the Host header, which net/http keeps apart.
func has(headers http.Header, host string, want map[string]string) bool {
	for name, value := range want {
		found := strings.EqualFold(name, "Host") && host == value
		for _, v := range headers.Values(name) {
			found = found || v == value
		}
		if !found {
			return false
		}
	}
	return true
}

// wildcard tells whether pattern, with * and ?, is s as a whole.
func wildcard(pattern, s string) bool {
	star, from := -1, 0 // where to go on when what follows the last * fails
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
