package observe

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const (
	rulesFile     = "prometheus/mapper.rules.yml"
	configFile    = "prometheus/prometheus.yml"
	dashboardFile = "grafana/dashboards/mapper.json"
)

type rule struct {
	Record      string            `yaml:"record"`
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// readYAML reads a file of ours; a field that out does not have is ignored.
func readYAML(t testing.TB, path string, out any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, out); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func rules(t testing.TB) []rule {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []rule `yaml:"rules"`
		} `yaml:"groups"`
	}
	readYAML(t, rulesFile, &file)
	var all []rule
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Fatalf("%s holds no rules", rulesFile)
	}
	return all
}

type source struct{ Type, UID string }

type target struct {
	RefID, Expr, LegendFormat string
	Datasource                source
}

type panel struct {
	ID                       int
	Type, Title, Description string
	Datasource               source
	GridPos                  struct{ H, W, X, Y int }
	FieldConfig              struct {
		Defaults struct{ Unit string }
	}
	Targets []target
}

type dashboard struct {
	UID, Title    string
	SchemaVersion int
	Panels        []panel
	Templating    struct {
		List []struct {
			Name, Type, Definition string
			Datasource             source
		}
	}
	Annotations struct {
		List []struct {
			Name, Expr string
			Datasource source
		}
	}
}

func readDashboard(t testing.TB) dashboard {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatalf("%s: %v", dashboardFile, err)
	}
	return d
}

// queries is every expression of the dashboard by the panel and target that
// has it, with Grafana's variables filled in.
func (d dashboard) queries() map[string]string {
	fill := strings.NewReplacer("$__rate_interval", "1m", "$instance", ".*")
	all := map[string]string{}
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			all[p.Title+" "+q.RefID] = fill.Replace(q.Expr)
		}
	}
	for _, a := range d.Annotations.List {
		all["annotation "+a.Name] = fill.Replace(a.Expr)
	}
	return all
}

// units are those of Grafana that the dashboard needs. An unknown one is shown
// as a suffix, without a complaint.
var units = []string{"short", "none", "s", "bytes", "reqps", "ops", "percentunit"}

func TestEveryPanelCanBeReadAlone(t *testing.T) {
	d := readDashboard(t)
	if d.UID == "" || d.Title == "" || d.SchemaVersion < 36 || len(d.Panels) == 0 {
		t.Fatalf("uid %q, title %q, schema %d, %d panels", d.UID, d.Title, d.SchemaVersion, len(d.Panels))
	}
	ids, titles := map[int]bool{}, map[string]bool{}
	for _, p := range d.Panels {
		if p.Title == "" || titles[p.Title] || p.ID < 1 || ids[p.ID] {
			t.Errorf("panel %d %q: no title or id of its own", p.ID, p.Title)
		}
		ids[p.ID], titles[p.Title] = true, true
		if p.Type == "row" {
			continue
		}
		if !slices.Contains([]string{"timeseries", "state-timeline", "bargauge"}, p.Type) {
			t.Errorf("%s: unknown type %q", p.Title, p.Type)
		}
		if p.Description == "" || !slices.Contains(units, p.FieldConfig.Defaults.Unit) || len(p.Targets) == 0 {
			t.Errorf("%s: description %q, unit %q, %d targets", p.Title, p.Description, p.FieldConfig.Defaults.Unit, len(p.Targets))
		}
		for i, q := range p.Targets {
			if q.Expr == "" || q.LegendFormat == "" || q.RefID != string(rune('A'+i)) || q.Datasource != p.Datasource {
				t.Errorf("%s: target %+v", p.Title, q)
			}
		}
	}
}

func TestPanelsDoNotOverlap(t *testing.T) {
	const columns = 24
	taken := map[[2]int]string{}
	for _, p := range readDashboard(t).Panels {
		g := p.GridPos
		if g.W < 1 || g.H < 1 || g.X < 0 || g.Y < 0 || g.X+g.W > columns {
			t.Errorf("%s: at %+v", p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("%s lies over %s", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

func TestEveryAlertSaysWhatToDo(t *testing.T) {
	for _, r := range rules(t) {
		if (r.Alert == "") == (r.Record == "") {
			t.Errorf("%+v is neither an alert nor a record", r)
		}
		if r.Alert == "" {
			continue
		}
		if !slices.Contains([]string{"warning", "critical"}, r.Labels["severity"]) || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s: severity %q, summary %q, description %q", r.Alert, r.Labels["severity"], r.Annotations["summary"], r.Annotations["description"])
		}
	}
}

// What is provisioned, mounted and referred to by name is one and the same.
func TestTheFilesMeet(t *testing.T) {
	var sources struct {
		Datasources []struct {
			UID, Type, URL string
			IsDefault      bool `yaml:"isDefault"`
		}
	}
	readYAML(t, "grafana/provisioning/datasources/prometheus.yml", &sources)
	var providers struct {
		Providers []struct {
			Type    string
			Options struct{ Path string }
		}
	}
	readYAML(t, "grafana/provisioning/dashboards/mapper.yml", &providers)
	var compose struct {
		Services map[string]struct {
			Profiles    []string
			Volumes     []string
			Environment map[string]string
		}
	}
	readYAML(t, "../../docker-compose.yml", &compose)
	if len(sources.Datasources) != 1 || len(providers.Providers) != 1 {
		t.Fatalf("%d data sources, %d providers", len(sources.Datasources), len(providers.Providers))
	}
	data, provider := sources.Datasources[0], providers.Providers[0]
	if data.URL != "http://prometheus:9090" || compose.Services["prometheus"].Profiles == nil {
		t.Errorf("%s is no service of the profile", data.URL)
	}
	want := source{data.Type, data.UID}
	d := readDashboard(t)
	for _, p := range d.Panels {
		if p.Type != "row" && p.Datasource != want {
			t.Errorf("%s asks %+v, and there is %+v", p.Title, p.Datasource, want)
		}
	}
	for _, v := range d.Templating.List {
		if v.Datasource != want {
			t.Errorf("variable %s asks %+v, and there is %+v", v.Name, v.Datasource, want)
		}
	}
	mounts := map[string]string{} // path in a container → path in the repository
	for service, s := range compose.Services {
		if len(s.Profiles) == 0 {
			continue
		}
		for _, v := range s.Volumes {
			if from, to, _ := strings.Cut(v, ":"); strings.HasPrefix(from, "./") {
				to, _, _ = strings.Cut(to, ":")
				mounts[service+":"+to] = filepath.Join("..", "..", from)
			}
		}
	}
	for at, folder := range map[string]string{
		"grafana:" + provider.Options.Path: filepath.Dir(dashboardFile), "grafana:/etc/grafana/provisioning": "grafana/provisioning",
		"prometheus:/etc/prometheus": filepath.Dir(configFile),
	} {
		if mounts[at] == "" || !same(t, mounts[at], folder) {
			t.Errorf("%s is %q, not targets/observe/%s", at, mounts[at], folder)
		}
	}
	if home := compose.Services["grafana"].Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]; home != provider.Options.Path+"/"+filepath.Base(dashboardFile) {
		t.Errorf("Grafana opens %q", home)
	}
}

func same(t testing.TB, a, b string) bool {
	t.Helper()
	x, err := os.Stat(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := os.Stat(b)
	if err != nil {
		t.Fatal(err)
	}
	return os.SameFile(x, y)
}

// The alert on the journal means half of what the Compose file allows.
func TestTheJournalAlertKnowsTheLimit(t *testing.T) {
	var compose struct {
		Services map[string]struct{ Environment map[string]string }
	}
	readYAML(t, "../../docker-compose.yml", &compose)
	if got := compose.Services["mapper"].Environment["MAPPER_JOURNAL_MAX"]; got != "64MiB" {
		t.Fatalf("MAPPER_JOURNAL_MAX is %q: change MapperJournalFilling too", got)
	}
	for _, r := range rules(t) {
		if r.Alert == "MapperJournalFilling" && r.Expr == "mapper_journal_bytes > 32 * 1024 * 1024" {
			return
		}
	}
	t.Error("MapperJournalFilling is not at half of it")
}
