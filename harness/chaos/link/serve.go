package link

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// TokenVariable is the environment variable in which `gauntlet link` finds the
// token that whoever controls it must present: its port is open to everybody on
// the host.
const TokenVariable = "GAUNTLET_LINK_TOKEN"

const (
	// controlSize bounds a control message: some thousand links with their rules.
	controlSize = 4 << 20
	// controlTimeout bounds a control call; the work takes milliseconds.
	controlTimeout = 10 * time.Second
)

// What goes over the control connection, as JSON over HTTP: a POST to the name
// of the method with one of these, answered by a reply.
type (
	applyCall struct {
		Fault string `json:"fault"`
		Rules []Rule `json:"rules,omitempty"`
	}
	retargetCall struct {
		Pair   Pair   `json:"pair"`
		Target string `json:"target"`
	}
	reply struct {
		Error    string         `json:"error,omitempty"`
		Address  string         `json:"address,omitempty"`
		Applied  Applied        `json:"applied,omitzero"` // after an error too: of what was done
		Counters []pairCounters `json:"counters,omitempty"`
	}
	pairCounters struct {
		Pair
		Counters
	}
)

// Serve lets whoever presents token control p through l, until ctx ends; then
// it closes both. It returns the error that ended it earlier.
func Serve(ctx context.Context, l net.Listener, p *Proxy, token string) error {
	defer p.Close()
	if token == "" {
		l.Close()
		return errors.New("serve the edge proxy: no token: set " + TokenVariable)
	}
	server := &http.Server{
		Handler:           control(p, token),
		ReadHeaderTimeout: controlTimeout, ReadTimeout: controlTimeout, WriteTimeout: controlTimeout,
		MaxHeaderBytes: 16 << 10,
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the edge proxy: %w", err)
	}
	return nil
}

// control answers control calls.
func control(p *Proxy, token string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /open", call(func(ctx context.Context, o Opening) (r reply, err error) {
		r.Address, err = p.Open(ctx, o)
		return r, err
	}))
	mux.HandleFunc("POST /retarget", call(func(ctx context.Context, c retargetCall) (reply, error) {
		return reply{}, p.Retarget(ctx, c.Pair, c.Target)
	}))
	mux.HandleFunc("POST /apply", call(func(ctx context.Context, c applyCall) (r reply, err error) {
		r.Applied, err = p.Apply(ctx, c.Fault, c.Rules)
		return r, err
	}))
	mux.HandleFunc("POST /clear", call(func(ctx context.Context, c applyCall) (r reply, err error) {
		r.Applied, err = p.Clear(ctx, c.Fault)
		return r, err
	}))
	mux.HandleFunc("POST /counters", call(func(ctx context.Context, _ struct{}) (r reply, err error) {
		all, err := p.Counters(ctx)
		for pair, c := range all {
			r.Counters = append(r.Counters, pairCounters{pair, c})
		}
		return r, err
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+token)) != 1 {
			http.Error(w, "the token is missing or wrong", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// call answers one kind of call with what do returns.
func call[C any](do func(context.Context, C) (reply, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var c C
		body := json.NewDecoder(http.MaxBytesReader(w, r.Body, controlSize))
		body.DisallowUnknownFields()
		if err := body.Decode(&c); err != nil {
			http.Error(w, "read the call: "+err.Error(), http.StatusBadRequest)
			return
		}
		answer, err := do(r.Context(), c)
		if err != nil {
			answer.Error = err.Error()
		}
		json.NewEncoder(w).Encode(answer)
	}
}
