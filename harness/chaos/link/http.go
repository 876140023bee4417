package link

import (
	"errors"
	"time"
)

// HTTP is what a rule does to HTTP/1.1 messages: to requests when its
// direction is Forward, to answers when it is Backward. Fields that are zero
// match everything, and do nothing. It takes effect with the first message that
// begins after it is applied. Interim answers (1xx) pass unmatched.
type HTTP struct {
	Path            string            `json:"path,omitempty"` // with * and ?
	Method          string            `json:"method,omitempty"`
	Code            int               `json:"code,omitempty"` // of the answer; Backward only
	RequestHeaders  map[string]string `json:"requestHeaders,omitempty"`
	ResponseHeaders map[string]string `json:"responseHeaders,omitempty"` // Backward only

	Abort bool          `json:"abort,omitempty"` // break the connection off
	Delay time.Duration `json:"delay,omitempty"`

	ReplacePath    string            `json:"replacePath,omitempty"`
	ReplaceMethod  string            `json:"replaceMethod,omitempty"`
	ReplaceCode    int               `json:"replaceCode,omitempty"`
	ReplaceBody    []byte            `json:"replaceBody,omitempty"` // nil: none
	ReplaceQueries map[string]string `json:"replaceQueries,omitempty"`
	ReplaceHeaders map[string]string `json:"replaceHeaders,omitempty"`

	PatchBody    string      `json:"patchBody,omitempty"` // a JSON merge patch (RFC 7396)
	PatchQueries [][2]string `json:"patchQueries,omitempty"`
	PatchHeaders [][2]string `json:"patchHeaders,omitempty"`
}

// check says what of a rule for direction d cannot be done.
func (h *HTTP) check(d Direction) error {
	return errors.New("HTTP rules are not done yet")
}
