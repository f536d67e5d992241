// Package layout is the frame around every page.
package layout
