package link

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Remote is a Proxy in another process on the same host, behind Serve. It
// implements Control and Edges.
type Remote struct {
	address, token string
	client         *http.Client
}

// Dial is the proxy whose Serve listens on address (host:port) and wants token.
// It does not connect yet: every call does, and fails when it cannot.
func Dial(address, token string) *Remote {
	return &Remote{address: address, token: token, client: &http.Client{
		Timeout:   controlTimeout,
		Transport: &http.Transport{MaxIdleConnsPerHost: 1}, // and no proxy of the environment's
	}}
}

// Close drops the connection; the proxy stays as it is.
func (r *Remote) Close() { r.client.CloseIdleConnections() }

// Open begins to listen, at the other end.
func (r *Remote) Open(ctx context.Context, o Opening) (string, error) {
	answer, err := r.call(ctx, "open", o)
	return answer.Address, err
}

// Retarget passes new connections on to target from now on.
func (r *Remote) Retarget(ctx context.Context, pair Pair, target string) error {
	_, err := r.call(ctx, "retarget", retargetCall{pair, target})
	return err
}

// Apply makes the rules of the fault take effect.
func (r *Remote) Apply(ctx context.Context, fault string, rules []Rule) (Applied, error) {
	answer, err := r.call(ctx, "apply", applyCall{fault, rules})
	return answer.Applied, err
}

// Clear ends what the fault does.
func (r *Remote) Clear(ctx context.Context, fault string) (Applied, error) {
	answer, err := r.call(ctx, "clear", applyCall{Fault: fault})
	return answer.Applied, err
}

// Counters are those of every open link.
func (r *Remote) Counters(ctx context.Context) (map[Pair]Counters, error) {
	answer, err := r.call(ctx, "counters", struct{}{})
	if err != nil {
		return nil, err
	}
	all := make(map[Pair]Counters, len(answer.Counters))
	for _, c := range answer.Counters {
		all[c.Pair] = c.Counters
	}
	return all, nil
}

func (r *Remote) call(ctx context.Context, method string, c any) (answer reply, err error) {
	fail := func(err error) (reply, error) {
		return reply{}, fmt.Errorf("ask the edge proxy on %s to %s: %w", r.address, method, err)
	}
	body, err := json.Marshal(c)
	if err != nil {
		return fail(err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+r.address+"/"+method, bytes.NewReader(body))
	if err != nil {
		return fail(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	response, err := r.client.Do(request)
	if err != nil {
		return fail(err)
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, controlSize))
	if err != nil {
		return fail(err)
	}
	if response.StatusCode != http.StatusOK {
		return fail(fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(body))))
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fail(fmt.Errorf("read its answer: %w", err))
	}
	if answer.Error != "" {
		return answer, errors.New(answer.Error)
	}
	return answer, nil
}
