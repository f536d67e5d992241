// Package ui holds the small components that pages are made of.
package ui
