package manifest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/chaos-mesh/chaos-mesh/api/v1alpha1"

	"gauntlet/harness/chaos"
)

// httpChaos checks and reads what is HTTPChaos's own.
func (r *reader) httpChaos(root *node, object *v1alpha1.HTTPChaos, f *chaos.Fault) {
	s := &object.Spec
	r.selected(root, s.PodSelector, f)
	r.oneOf(root, specOf, "target", string(s.Target), []string{"Request", "Response"})
	h := &chaos.HTTP{
		Response: s.Target == v1alpha1.PodHttpResponse, Port: int(s.Port), Path: value(s.Path), Method: value(s.Method),
		RequestHeaders: s.RequestHeaders, ResponseHeaders: s.ResponseHeaders,
	}
	if s.Code != nil {
		h.Code = int(*s.Code)
		r.status(root, h.Code, "spec", "code")
	}
	if s.Port < 1 || s.Port > 65535 {
		r.wrong(r.near(root, "spec", "port"), fmt.Sprintf("port %d is not one from 1 to 65535", s.Port), "write the port that the replica listens on")
	}
	if !h.Response {
		r.responseOnly(root, "code", s.Code != nil)
		r.responseOnly(root, "response_headers", len(s.ResponseHeaders) > 0)
	}
	r.httpActions(root, &s.PodHttpChaosActions, h)
	if s.TLS != nil {
		f.ClusterOnly = append(f.ClusterOnly, "spec.tls")
	}
	remote(s.RemoteCluster, f)
	f.HTTP = h
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (r *reader) status(root *node, code int, path ...string) {
	if code < 100 || code > 599 {
		r.wrong(r.near(root, path...), fmt.Sprintf("%d is no HTTP status", code), "")
	}
}

func (r *reader) responseOnly(root *node, name string, set bool) {
	if set {
		r.wrong(r.near(root, "spec", name), name+" can be known of an answer only", "write target: Response, or leave it out")
	}
}

// requestOnly refuses what only a request has.
func (r *reader) requestOnly(root *node, h *chaos.HTTP, set bool, path ...string) {
	if set && h.Response {
		r.wrong(r.near(root, path...), path[len(path)-1]+" is of a request only", "write target: Request, or leave it out")
	}
}

// httpActions reads what is done to a message.
func (r *reader) httpActions(root *node, a *v1alpha1.PodHttpChaosActions, h *chaos.HTTP) {
	h.Abort = a.Abort != nil && *a.Abort
	if a.Delay != nil {
		h.Delay = r.length(root, []string{"spec", "delay"}, *a.Delay)
	}
	if p := a.Replace; p != nil {
		h.Replace = chaos.HTTPReplace{Path: value(p.Path), Method: value(p.Method), Queries: p.Queries, Body: p.Body, Headers: p.Headers}
		if p.Code != nil {
			h.Replace.Code = int(*p.Code)
			r.status(root, h.Replace.Code, "spec", "replace", "code")
			if !h.Response {
				r.wrong(r.near(root, "spec", "replace", "code"), "code is of an answer only", "write target: Response, or leave it out")
			}
		}
		r.requestOnly(root, h, p.Path != nil, "spec", "replace", "path")
		r.requestOnly(root, h, p.Method != nil, "spec", "replace", "method")
		r.requestOnly(root, h, len(p.Queries) > 0, "spec", "replace", "queries")
		if p.Method != nil && !slices.Contains(methods, *p.Method) {
			r.wrong(r.near(root, "spec", "replace", "method"), fmt.Sprintf("unknown method %q", *p.Method), "")
		}
	}
	if p := a.Patch; p != nil {
		r.patch(root, p, h)
	}
	if !h.Abort && h.Delay == 0 && a.Replace == nil && a.Patch == nil {
		r.wrong(r.near(root, "spec"), "the HTTPChaos does nothing to what it matches", "add abort: true, delay: 1s, replace or patch")
	}
}

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace}

func (r *reader) patch(root *node, p *v1alpha1.PodHttpChaosPatchActions, h *chaos.HTTP) {
	if p.Body != nil {
		h.Patch.Body = p.Body.Value
		if p.Body.Type != "JSON" {
			r.wrong(r.near(root, "spec", "patch", "body", "type"), fmt.Sprintf("unknown type %q of a patch", p.Body.Type), "write type: JSON, a merge patch (RFC 7396)")
		}
		if !json.Valid([]byte(p.Body.Value)) {
			r.wrong(r.near(root, "spec", "patch", "body", "value"), "the patch is not JSON", "")
		}
	}
	r.requestOnly(root, h, len(p.Queries) > 0, "spec", "patch", "queries")
	h.Patch.Queries = r.pairs(root, p.Queries, "queries")
	h.Patch.Headers = r.pairs(root, p.Headers, "headers")
}

// pairs reads a list of [name, value].
func (r *reader) pairs(root *node, list [][]string, name string) [][2]string {
	var all [][2]string
	for i, p := range list {
		if len(p) != 2 || p[0] == "" {
			r.wrong(r.near(root, "spec", "patch", name, fmt.Sprint(i)), "not a name and a value", "write [name, value]")
			continue
		}
		all = append(all, [2]string{p[0], p[1]})
	}
	return all
}
