// Package observe holds what watches the mapper: the configuration and the
// alert rules of Prometheus, and Grafana's data source and dashboard, all
// mounted by the profile observe of docker-compose.yml. There is no code here
// but the tests, which hold every name in them against a mapper that runs.
package observe
