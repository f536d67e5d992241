package demo

import (
	"math/rand/v2"
	"strings"
)

// A name that no e-mail address can hold as it is has its form for addresses
// behind a "=". A "_" is a blank.
const (
	firstNameList = `Aaliyah Aarav Abigail Adam Ada Adriana Agnieszka Ahmed Aiko Alan Alejandro Alice Amara Amélie=amelie
Amir Ana Anders Andrea Anika Anna Anton Antonio Arjun Astrid Axel Beatriz Benjamin Bianca Björn=bjoern Bruno Callum Camila
Carlos Caroline Cedric Chiara Chinedu Chloé=chloe Christopher Ciarán=ciaran Clara Claudia Daniel Daria David Deepa Diego
Dmitri Dominik Dorothy Edith Eduardo Eleanor Elena Elif Elin Elisa Emeka Emil Emilia Emma Enzo Erik Esra Esther Ethan Eva
Fatima Felix Fiona Florian Francesca François=francois Freya Gabriel George Giulia Grace Gustav Hana Hannah Haruto Hassan
Heidi Helena Henrik Hugo Ibrahim Imani Ines Ingrid Irina Isabella Ivan Jack Jakob James Jan Jasmine Javier Jean-Luc Joana
Johanna Jonas José=jose Juan Julia Kaito Karim Katarzyna Kenji Kofi Lars Laura Layla Léa=lea Leila Leonie Lin Linh Lorenzo
Lucas Lucía=lucia Ludwig Łukasz=lukasz Maja Malik Marco Margaret Maria Mateo Matilda Maximilian Mei Mia Miguel Milan Mohammed
Nadia Naomi Natasha Niamh Nikhil Nina Noah Nora Núria=nuria Olga Oliver Olivia Omar Oscar Pablo Patrick Paula Pedro Petra
Priya Rafael Rania Rebecca Ricardo Rohan Rosa Ruth Saanvi Samuel Sana Sarah Sebastian Sergej Sofia Søren=soeren Stefan Tariq
Thabo Theo Tomás=tomas Valentina Vera Viktor William Yara Yasmin Yuki Yusuf Zainab Zoë=zoe Zsófia=zsofia Ольга=olga.v 美咲=misaki`

	lastNameList = `Abbott Abdullah Achebe Adeyemi Ahmed Almeida Alvarez Andersen Andersson Antunes Araújo=araujo Bailey Bakker Banerjee
Barbieri Bauer Becker Bell Bennett Berg Bergström=bergstroem Bianchi Black Blanc Bondarenko Bouchard Braun Brown Bruno Campbell
Cardoso Carlsson Carter Castillo Castro Chang Chen Chowdhury Clark Cohen Collins Conti Cooper Costa Cruz Dahl Das Davies Davis
De_la_Cruz=delacruz De_Vries=devries Delgado Demir Desai Diaz Diallo Dietrich Dubois Dupont Edwards Eriksen Esposito Evans
Fashola Fernandes Fernández=fernandez Ferrari Fischer Flores Fontaine Foster Fournier Fraser Fuchs Fujita García=garcia Gallo
Gonzalez Gordon Graham Green Greco Gruber Gupta Gutiérrez=gutierrez Haas Hall Hamilton Hansen Harris Hartmann Hashimoto Hassan
Haugen Hayashi Henderson Hernandez Herrera Hoffmann Horvat Huang Hughes Hussain Ibrahim Ito Ivanova Jackson Jain Jansen
Jansson Jensen Jiménez=jimenez Johansson Johnson Jones Jung Kaminski Kaplan Kato Kaur Kaya Keller Kelly Khan Kim Kimura King
Klein Kobayashi Koch Kowalczyk Kowalski Krause Krüger=krueger Kumar Lam Lang Larsen Laurent Lee Lefebvre Lehmann Leroy Lewis Li
Lindberg Liu Lombardi Long Lopez Lund MacDonald Maier Malik Mancini Marino Martin Martínez=martinez Mbeki Mehta Mendes Meyer
Miller Mishra Mitchell Moreau Moreno Morgan Mori Morris Müller=mueller Murphy Murray Nagy Nakamura Ndiaye Nelson Neumann Nguyen
Nielsen Nikolaidis Novak Nowak O'Brien=obrien O'Connor=oconnor Oduya Okafor Olsen Olsson Ortega Osei Özdemir=oezdemir Park Parker
Patel Pereira Perez Petersen Petrov Pham Pinto Popescu Price Quinn Ramos Reyes Ribeiro Ricci Richter Rivera Roberts Robinson
Romano Rossi Roux Russo Sánchez=sanchez Santos Sato Schmidt Schneider Schröder=schroeder Shah Sharma Silva Simon Singh Smith
Sokolov Sousa Stewart Suzuki Svensson Tanaka Taylor Thompson Torres Tran Turner Van_den_Berg=vandenberg Vargas Vogel Wagner
Walker Wang Watanabe Weber White Williams Wójcik=wojcik Wong Wright Yamamoto Yang Yilmaz Young Zhang Zhou Zimmermann`
)

// mailDomains are where people have their mail. Nothing is ever delivered to
// .example (RFC 2606).
var mailDomains = []string{"mail", "inbox", "post", "letterbox", "fastpost", "webmail", "homemail", "quickmail"}

// name is a name with its form in an e-mail address.
type name struct{ shown, mail string }

var (
	firstNames = names(firstNameList)
	lastNames  = names(lastNameList)
)

func names(list string) []name {
	var out []name
	for _, word := range strings.Fields(list) {
		shown, mail, ok := strings.Cut(word, "=")
		if !ok {
			mail = strings.ToLower(shown)
		}
		out = append(out, name{strings.ReplaceAll(shown, "_", " "), mail})
	}
	return out
}

// maxUsers is how many people have an address of their own.
func maxUsers() int { return len(firstNames) * len(lastNames) * len(mailDomains) }

// shuffledPeople returns the indexes of all people in an order that is the same
// each time.
func shuffledPeople() []int32 {
	all := make([]int32, maxUsers())
	for i := range all {
		all[i] = int32(i) //nolint:gosec // some hundred thousand
	}
	r := rand.New(rand.NewPCG(300, 000))
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// person is somebody whose e-mail address nobody else has.
type person struct{ first, last, email string }

// personOf returns the person of an index.
func personOf(i int32) person {
	n := int(i)
	first := firstNames[n%len(firstNames)]
	n /= len(firstNames)
	last := lastNames[n%len(lastNames)]
	return person{first.shown, last.shown, first.mail + "." + last.mail + "@" + mailDomains[n/len(lastNames)] + ".example"}
}

// orgNames are the names of organizations. The first is the first in order too.
var orgNames = []string{
	"Aldgate Mobility", "Amberline Logistics", "Baltic Ferry Cooperative", "Birchwood Dental", "Bluebird Outdoor", "Brightwater Utilities",
	"Café Lumière", "Cedar & Stone Interiors", "Copperfield Instruments", "Dunmore Dairy", "Eastgate Motors", "Everly Books",
	"Fjordhaven Seafood", "Foxglove Nursery", "Glasshouse Theatre", "Greenhill Farms", "Harbour Lane Clinic", "Hollis & Daughters",
	"Ironbridge Cycling Club", "Juniper Travel", "Kestrel Aviation", "Kirkwall Whisky", "Lindenau Verlag", "Lowland Cars",
	"Maple Ridge School District", "Meridian Housing Association", "Müller & Söhne", "Northfield Choir Collective", "O'Hara Catering",
	"Oakfield Vets",
	"Pinecrest Golf", "Quarry Street Bakery", "Redwood Legal", "Saltmarsh Brewing", "Silverdale Autohaus", "Tidewater Museum",
	"Umbria Ceramiche", "Verdant Energy", "Westbrook Library Network", "International Federation of Independent Bicycle Repair Workshops",
}
