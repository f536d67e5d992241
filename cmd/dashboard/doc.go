// Command dashboard serves the control panel. See README.md and
// docs/configuration.md.
package main
