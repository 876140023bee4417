package load

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Operation says how a request is made and which answers are right. In Path,
// Body, Header, Equals and Contains the blanks {key}, {value}, {client} and
// {seq} are filled. The fields are those of experiment.Operation, so that the
// one converts to the other.
type Operation struct {
	Name   string
	Method string
	Path   string
	Body   string
	Header map[string]string
	Status []int  // the statuses that are right; empty: every one below 400
	Failed string // an answer whose body begins so is an error, whatever its status; "" for none
	Value  string // where a right answer carries the value: "header:<name>" or "body"; "" when it carries none
	Writes bool   // it changes the system: an unacknowledged one may still have an effect

	Equals   string // what the body of a right answer is, to the letter; "" for any
	Contains string // what it contains, within its first 16 KiB; "" for anything
}

// Check says what of the operation cannot be sent.
func (o Operation) Check() error {
	if _, err := http.NewRequest(o.Method, "http://host.invalid"+fill(o.Path, blanks{key: "key", value: "value", client: "0"}), nil); err != nil {
		return fmt.Errorf("operation %q: %w", o.Name, err)
	}
	if !strings.HasPrefix(o.Path, "/") {
		return fmt.Errorf("operation %q: the path %q does not begin with /", o.Name, o.Path)
	}
	if name, ok := strings.CutPrefix(o.Value, "header:"); o.Value != "" && o.Value != "body" && (!ok || name == "") {
		return fmt.Errorf("operation %q: the value is in %q; want header:<name> or body", o.Name, o.Value)
	}
	return nil
}

// right says whether an answer is one that the operation expects.
func (o Operation) right(a attempt) bool {
	if a.failed || a.wrong {
		return false
	}
	if len(o.Status) == 0 {
		return a.status >= 200 && a.status < 400
	}
	return slices.Contains(o.Status, a.status)
}

// says whether body is what a right answer to the request with these blanks
// says.
func (o Operation) says(body string, b blanks) bool {
	return (o.Equals == "" || body == fill(o.Equals, b)) && (o.Contains == "" || strings.Contains(body, fill(o.Contains, b)))
}

// reads says whether the body of an answer matters.
func (o Operation) reads() bool { return o.Value == "body" || o.Equals != "" || o.Contains != "" }

// request makes the operation's request to the replica at base. It has neither
// context nor client-side defaults.
func (o Operation) request(base *url.URL, b blanks) (*http.Request, error) {
	target, err := join(base, fill(o.Path, b))
	if err != nil {
		return nil, fmt.Errorf("operation %q: %w", o.Name, err)
	}
	req := &http.Request{
		Method: o.Method, URL: target, Host: target.Host, Header: make(http.Header, 2+len(o.Header)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	req.Header["User-Agent"] = userAgent
	for name, text := range o.Header {
		if http.CanonicalHeaderKey(name) == "Host" {
			req.Host = fill(text, b)
			continue
		}
		req.Header.Set(name, fill(text, b))
	}
	setBody(req, fill(o.Body, b))
	return req, nil
}

var userAgent = []string{"gauntlet"}

// setBody gives the request its body in a form that net/http's transport
// never sends twice by itself. It repeats a request whose connection breaks
// when it can rewind the body (GetBody) or there is none, and the method is
// idempotent; a repeat would hide the very failure that is to be counted. So
// there is never a GetBody, and a GET has a body that the transport does not
// know to be empty: with the transfer encoding "identity", which is not
// written, nothing of it reaches the wire.
func setBody(req *http.Request, text string) {
	switch {
	case text != "":
		req.Body, req.ContentLength = &body{Reader: strings.NewReader(text)}, int64(len(text))
	case req.Method != http.MethodPost && req.Method != http.MethodPut && req.Method != http.MethodPatch:
		req.Body, req.ContentLength = &body{Reader: strings.NewReader("")}, -1
		req.TransferEncoding = identity
	}
}

var identity = []string{"identity"}

type body struct{ *strings.Reader }

func (*body) Close() error { return nil }

// blanks are what stands in a request's templates.
type blanks struct {
	key, value string
	client     string // the virtual client's number, or Populator
	seq        uint64 // the request's number in its stream; of populated keys their rank
}

// fill puts the blanks into a template.
func fill(template string, b blanks) string {
	if strings.IndexByte(template, '{') < 0 {
		return template
	}
	text := strings.ReplaceAll(strings.ReplaceAll(template, "{key}", b.key), "{value}", b.value)
	if strings.Contains(text, "{seq}") {
		text = strings.ReplaceAll(text, "{seq}", strconv.FormatUint(b.seq, 10))
	}
	return strings.ReplaceAll(text, "{client}", b.client)
}

// join is the URL of path under base. Paths of letters, digits and the usual
// marks, nearly all, need no parsing.
func join(base *url.URL, path string) (*url.URL, error) {
	if strings.Trim(path, plainPath) == "" {
		return &url.URL{Scheme: base.Scheme, Host: base.Host, Path: base.Path + path}, nil
	}
	u, err := url.Parse(base.Scheme + "://" + base.Host + base.EscapedPath() + path)
	if err != nil {
		return nil, fmt.Errorf("path %q: %w", path, err)
	}
	return u, nil
}

const plainPath = "/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
