package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"gauntlet/targets/mapper/entry"
)

const (
	maxKey  = 128
	maxBody = 16 << 10
	maxURL  = 8 << 10
	maxTTL  = 10 * 365 * 24 * time.Hour
)

// body of a PUT.
type body struct {
	URL string `json:"url"`
	TTL string `json:"ttl"` // a Go duration such as "30m"; empty: for ever
}

func (h *Handler) put(w http.ResponseWriter, r *http.Request, key string) {
	if t := r.Header.Get("Content-Type"); t != "" {
		if media, _, err := mime.ParseMediaType(t); err != nil || media != "application/json" {
			problem(w, http.StatusUnsupportedMediaType, "the body must be application/json")
			return
		}
	}
	b, err := readBody(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a body has at most %d bytes", maxBody))
		return
	case err != nil:
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	expiry, err := h.expiry(b.TTL)
	if err == nil {
		err = checkURL(b.URL)
	}
	if err != nil {
		problem(w, http.StatusBadRequest, err.Error())
		return
	}
	h.write(w, r, entry.New(key, b.URL, expiry), http.StatusCreated, http.StatusAccepted)
}

func readBody(r io.Reader) (body, error) {
	var b body
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil {
		return b, fmt.Errorf(`the body must be {"url": …, "ttl": "30m"}: %w`, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errors.New("more after it")
		}
		return b, fmt.Errorf("the body must be one JSON object: %w", err)
	}
	return b, nil
}

// expiry makes a ttl absolute, in milliseconds since 1970, so that every
// replica agrees on the end; 0 without a ttl.
func (h *Handler) expiry(ttl string) (int64, error) {
	if ttl == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(ttl)
	if err != nil {
		return 0, fmt.Errorf("ttl: %w", err)
	}
	if d < time.Millisecond || d > maxTTL {
		return 0, fmt.Errorf("ttl %s: must be from 1ms to %s", ttl, maxTTL)
	}
	return h.Now()/1000 + d.Milliseconds(), nil
}

// checkURL accepts absolute http and https URLs in plain ASCII, as RFC 3986
// has them: what goes into a header must not need escaping.
func checkURL(s string) error {
	if s == "" {
		return errors.New("url is missing")
	}
	if len(s) > maxURL {
		return fmt.Errorf("url has %d bytes, at most %d are allowed", len(s), maxURL)
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return fmt.Errorf("url: byte %d is not printable ASCII", i)
		}
	}
	u, err := url.Parse(s)
	if err != nil {
		return err
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("url %q: must be absolute, http or https", s)
	}
	return nil
}

func validKey(key string) bool {
	if len(key) < 1 || len(key) > maxKey {
		return false
	}
	for i := range len(key) {
		c := key[i]
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
