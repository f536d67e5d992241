// Package keys is the one list of keyboard shortcuts: the script that handles
// them, the help page, the palette and the hints on buttons all read keys.json.
package keys
