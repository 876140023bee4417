package observe

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"gauntlet/targets/mapper/redistest"
)

// prometheus is one that runs.
type prometheus struct {
	t    testing.TB
	addr string
}

// scrape starts a Prometheus with our configuration and rules, changed in one
// place: the mapper is at an address, not at a name.
func scrape(t *testing.T, mapper string) *prometheus {
	t.Helper()
	var config map[string]any
	readYAML(t, configFile, &config)
	replaced := 0
	for _, job := range config["scrape_configs"].([]any) {
		job := job.(map[string]any)
		if _, found := job["dns_sd_configs"]; found {
			delete(job, "dns_sd_configs")
			job["static_configs"] = []any{map[string]any{"targets": []string{mapper}}}
			replaced++
		}
	}
	if replaced != 1 {
		t.Fatalf("%d jobs ask the DNS, not 1", replaced)
	}
	dir := t.TempDir()
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	rules, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(rulesFile)), rules, 0o644); err != nil {
		t.Fatal(err)
	}
	p := &prometheus{t, redistest.FreeAddr(t)}
	run(t, exec.Command(program(t, "prometheus"), "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+p.addr))
	return p
}

// get reads data of the API; false when there is none to be had.
func (p *prometheus) get(path string, data any) bool {
	response, err := client.Get("http://" + p.addr + path)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	answer := struct {
		Status string
		Data   any
	}{Data: data}
	return response.StatusCode == http.StatusOK && json.NewDecoder(response.Body).Decode(&answer) == nil && answer.Status == "success"
}

// answers tells whether an expression has a value now that is a number.
func (p *prometheus) answers(expr string) bool {
	var data struct {
		Result []struct{ Value [2]any }
	}
	if !p.get("/api/v1/query?query="+url.QueryEscape(expr), &data) {
		return false
	}
	for _, r := range data.Result {
		if v := fmt.Sprint(r.Value[1]); v != "NaN" && !strings.HasSuffix(v, "Inf") {
			return true
		}
	}
	return false
}

// The names may all exist and a panel be empty nevertheless: for a label that
// has another value, or two sides that do not match. So each is asked for, of
// a real Prometheus that scrapes a real mapper in an outage.
func TestEveryPanelShowsSomething(t *testing.T) {
	program(t, "prometheus")
	w := watch(t)
	p := scrape(t, w.addr)
	w.await("a first scrape", func() bool { return p.answers(`mapper_redis_latency_seconds_count`) })
	w.loseRedis()
	for place, expr := range readDashboard(t).queries() {
		if place == "annotation Alerts" {
			continue // there is none yet
		}
		w.await(place+": "+expr, func() bool { return p.answers(expr) })
	}
	for _, r := range rules(t) {
		if r.Record != "" {
			w.await(r.Record, func() bool { return p.answers(r.Record) })
		}
	}
	var data struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError, State string }
		}
	}
	evaluated := func() bool {
		if !p.get("/api/v1/rules", &data) || len(data.Groups) == 0 {
			return false
		}
		for _, r := range data.Groups[0].Rules {
			if r.Health == "unknown" {
				return false
			}
		}
		return true
	}
	w.await("the rules are evaluated", evaluated)
	for _, r := range data.Groups[0].Rules {
		if r.Health != "ok" {
			t.Errorf("%s: %s %s", r.Name, r.Health, r.LastError)
		}
	}
	// The outage is on its way to being an alert.
	w.await("MapperRedisBreakerOpen is pending", func() bool { return p.answers(`ALERTS{alertname="MapperRedisBreakerOpen", job="mapper"}`) })
}
