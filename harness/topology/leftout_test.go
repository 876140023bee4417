package topology

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

// Every field that may stand in a file is one of compose-go's, and every other
// one is refused when it is given: none is left out in silence.
func TestEveryFieldIsCarriedOutOrRefused(t *testing.T) {
	for name, c := range map[string]struct {
		of  any
		may fields
	}{
		"service": {types.ServiceConfig{}, ofService}, "build": {types.BuildConfig{}, ofBuild}, "deploy": {types.DeployConfig{}, ofDeploy},
		"resources": {types.Resources{}, ofResources}, "limits": {types.Resource{}, ofLimits}, "reservations": {types.Resource{}, ofReserved},
		"network": {types.ServiceNetworkConfig{}, ofNetwork}, "volume": {types.VolumeConfig{}, ofVolume},
	} {
		whole := reflect.New(reflect.TypeOf(c.of)).Elem()
		fill(whole)
		all := given(whole)
		m := &mistakes{source: &source{}}
		m.refuse(nil, name, whole.Interface(), c.may)
		if len(all) < 2 || len(m.list) != len(all)-len(c.may) {
			t.Errorf("%s: %d of %d fields are refused, and %d may be given", name, len(m.list), len(all), len(c.may))
		}
		for may := range maps.Keys(c.may) {
			if !slices.Contains(all, may) {
				t.Errorf("%s: compose-go has no field %s", name, may)
			}
		}
	}
}

// fill gives every field of v something.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.Zero(v.Type().Key()), reflect.Zero(v.Type().Elem()))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(1)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	}
}
