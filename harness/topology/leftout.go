package topology

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// fields are names of a Compose file.
type fields map[string]bool

func fieldsOf(text string) fields {
	f := fields{}
	for _, name := range strings.Fields(text) {
		f[name] = true
	}
	return f
}

// What may stand in a Compose file: what is carried out, and what a run has
// something of its own in the place of (readiness is x-ready's to say, a
// platform starts again what dies, keeps what is printed and names what it
// makes), or what says nothing of a system that runs. Everything else is
// refused, and so is what a later version of compose-go reads.
var (
	ofService = fieldsOf(`
		name image build command entrypoint user working_dir environment env_file labels label_file deploy scale
		ports expose volumes depends_on cpus mem_limit stop_grace_period
		healthcheck restart container_name logging log_driver log_opt networks
		profiles develop attach extends annotations pull_policy pull_refresh_after platform stdin_open tty`)
	ofBuild     = fieldsOf(`context dockerfile args cache_from cache_to no_cache no_cache_filter pull tags labels provenance sbom`)
	ofDeploy    = fieldsOf(`replicas resources labels update_config rollback_config restart_policy placement endpoint_mode`)
	ofResources = fieldsOf(`limits reservations`)
	ofLimits    = fieldsOf(`cpus memory`)
	ofReserved  = fieldsOf(`cpus memory generic_resources`)
	ofNetwork   = fieldsOf(`priority gw_priority`) // all services of a run are on one
	ofVolume    = fieldsOf(`name labels`)          // a run has its own, empty at first
)

// instead is what to do about some of the fields that are refused.
var instead = map[string]string{
	"configs":      "have the command write the file from its environment as it starts, or bake it into the image",
	"secrets":      "have the command write the file from its environment as it starts, or bake it into the image",
	"tmpfs":        "give it a named volume, listed under the file's volumes",
	"network_mode": "leave it out: services of a run have a network of their own",
	"stop_signal":  "leave it out: a replica that is to end gets SIGTERM",
	"hostname":     "leave it out: a replica's host name is its own, like mapper-1",
	"links":        "leave it out: services find each other by their names",
	"aliases":      "leave it out: services find each other by their names",
	"external":     "leave it out: a run begins with volumes of its own, which are empty",
}

// leftOut refuses what no platform here carries out and a system may not work
// without: to leave it out in silence would test another one.
func (m *mistakes) leftOut(path []string, c types.ServiceConfig) {
	if c.NetworkMode == "bridge" {
		c.NetworkMode = ""
	}
	if strings.TrimPrefix(c.StopSignal, "SIG") == "TERM" {
		c.StopSignal = ""
	}
	who := "service " + c.Name
	m.refuse(path, who, c, ofService)
	if c.Build != nil {
		m.refuse(within(path, "build"), who, *c.Build, ofBuild)
	}
	for _, name := range sortedKeys(c.Networks) {
		if n := c.Networks[name]; n != nil {
			m.refuse(within(path, "networks", name), who, *n, ofNetwork)
		}
	}
	if d := c.Deploy; d != nil {
		path := within(path, "deploy")
		if d.Mode == "replicated" {
			c := *d
			c.Mode, d = "", &c
		}
		m.refuse(path, who, *d, ofDeploy)
		m.refuse(within(path, "resources"), who, d.Resources, ofResources)
		if d.Resources.Limits != nil {
			m.refuse(within(path, "resources", "limits"), who, *d.Resources.Limits, ofLimits)
		}
		if d.Resources.Reservations != nil {
			m.refuse(within(path, "resources", "reservations"), who, *d.Resources.Reservations, ofReserved)
		}
	}
}

// refuse refuses what is given of v, a type of compose-go, and not of those that
// may be.
func (m *mistakes) refuse(path []string, who string, v any, may fields) {
	for _, name := range given(reflect.ValueOf(v)) {
		if may[name] {
			continue
		}
		hint := instead[name]
		if hint == "" {
			hint = "take it out of the file that gauntlet runs, if the system is the same without it"
		}
		m.add(within(path, name), fmt.Sprintf("%s has %s, which gauntlet does not carry out", who, name), hint)
	}
}

// given is the names of the fields of v that the file says something in.
func given(v reflect.Value) (names []string) {
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		switch field := v.Field(i); {
		case name == "" && strings.Contains(options, "inline"):
			names = append(names, given(field)...)
		case name == "" || name == "-" || strings.HasPrefix(name, "#"): // not of the file, or an extension
		case !empty(field):
			names = append(names, name)
		}
	}
	return names
}

func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Pointer:
		return v.IsNil() || v.Elem().IsZero()
	}
	return v.IsZero()
}

// within is a path below another, which it does not touch.
func within(path []string, names ...string) []string { return slices.Concat(path, names) }
