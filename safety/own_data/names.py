"""Names of people who do not exist: canaries and planted people are about them."""

from __future__ import annotations

FIRST_NAMES = (
    "Abena", "Birgit", "Chidi", "Dagny", "Eskil", "Farida", "Gudrun", "Hadrian", "Ilse", "Jiro", "Kwame", "Leocadia",
    "Mirela", "Nerys", "Oskar", "Petra", "Quirin", "Rosalba", "Sunniva", "Tariq", "Ursina", "Viggo", "Wanja", "Xenia",
    "Yaroslav", "Zelda",
)  # fmt: skip
LAST_NAMES = (
    "Achterberg", "Bjelland", "Castellan", "Dramov", "Eibenholz", "Fenwright", "Grauwald", "Halvorsund", "Ironside",
    "Jostrup", "Kaltenbrunn", "Lindenvik", "Morgenrood", "Nightvale", "Oakenhurst", "Pirnsteg", "Quellinger",
    "Ravnholt", "Steinvoll", "Tannhagen", "Ulvestad", "Vinterberg", "Wolkenstein", "Yarrowby", "Zedlitz",
)  # fmt: skip
MOST = len(FIRST_NAMES) * len(LAST_NAMES)
"""People that there can be, each with another name."""
