"""Colours by the names that files and catalogues give to bands."""

from __future__ import annotations

import pytest

from landslip.runtime.declared.bands import Band, chosen, differing, named_bands, named_colours, wavelength_of

RGB8 = ("red", "green", "blue")
"""What GDAL calls any three bands of 8 bits."""


def bands(*names, colours=(), wavelengths=()):
    colours = (*colours, *("undefined",) * (len(names) - len(colours)))
    wavelengths = (*wavelengths, *(None,) * (len(names) - len(wavelengths)))
    return [Band(*each) for each in zip(names, wavelengths, colours, strict=True)]


NAMED = {
    "Sentinel-2 of Earth Engine": (bands("B2", "B3", "B4"), "", (3, 2, 1)),
    "the same in 8 bits": (bands("B2", "B3", "B4", colours=RGB8), "", (3, 2, 1)),
    "Sentinel-2, padded": (bands("B02", "B03", "B04", "B08"), "", (3, 2, 1)),
    "Sentinel-2, all bands of Earth Engine": (
        bands("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B11", "B12"), "", (4, 3, 2),
    ),
    "ESA's driver": (
        bands("B4, central wavelength 665 nm", "B3, central wavelength 560 nm", "B2, central wavelength 490 nm",
              "B8, central wavelength 842 nm"), "", (1, 2, 3),
    ),
    "Landsat 8, surface reflectance": (bands("SR_B2", "SR_B3", "SR_B4"), "", (3, 2, 1)),
    "Landsat 8, all bands": (bands(*(f"SR_B{k}" for k in range(1, 8)), "QA_PIXEL"), "", (4, 3, 2)),
    "Landsat 5, all bands": (bands("SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B7"), "", (3, 2, 1)),
    "Landsat 5, three bands": (bands("SR_B1", "SR_B2", "SR_B3"), "", (3, 2, 1)),
    "Landsat 7 by the file's name": (bands("B1", "B2", "B3"), "LE07_L1TP_107030_20020901", (3, 2, 1)),
    "four bands, Landsat 8 by the file's name": (bands("SR_B1", "SR_B2", "SR_B3", "SR_B4"), "LC08_x", (4, 3, 2)),
    "MODIS": (bands("sur_refl_b01", "sur_refl_b04", "sur_refl_b03"), "", (1, 2, 3)),
    "PlanetScope, 4 bands": (bands("blue", "green", "red", "nir"), "", (3, 2, 1)),
    "PlanetScope, 8 bands": (
        bands("coastal_blue", "blue", "green_i", "green", "yellow", "red", "rededge", "nir"), "", (6, 4, 2),
    ),
    "STAC": (bands("blue", "green", "red", "rededge071", "nir", "nir08", "swir16"), "", (3, 2, 1)),
    "whole words": (bands("Band 1 (Blue)", "Band 2 (Green)", "Band 3 (Red)", "Band 4 (Near Infra-Red)"), "", (3, 2, 1)),
    "letters": (bands("B", "G", "R", colours=RGB8), "", (3, 2, 1)),
    "wavelengths": (bands("", "", "", "", wavelengths=(480.0, 550.0, 660.0, 850.0)), "", (3, 2, 1)),
    "a spectrometer": (
        bands(*("",) * 240, wavelengths=tuple(400.0 + 10 * k for k in range(240))), "", (27, 17, 10),
    ),
    "colours of the file": (bands("", "", "", "", colours=("blue", "green", "red", "undefined")), "", (3, 2, 1)),
    "colours and infrared by name": (bands("", "", "", "NIR", colours=RGB8), "", (1, 2, 3)),
    "names before colours": (bands("blue", "green", "red", colours=RGB8), "", (3, 2, 1)),
    "nothing, three bands": (bands("", "", ""), "", (1, 2, 3)),
    "counted": (bands("Band 1", "Band 2", "Band 3"), "", (1, 2, 3)),
    "counted in short": (bands("B1", "B2", "B3", colours=RGB8), "", (1, 2, 3)),
    "with transparency": (bands("", "", "", "", colours=("gray", "undefined", "undefined", "alpha")), "", (1, 2, 3)),
    "any other names": (bands("north", "south", "east"), "", (1, 2, 3)),
}  # fmt: skip


@pytest.mark.parametrize("kind", NAMED)
def test_colours_are_chosen_by_what_bands_are_called(kind):
    found, sensor, expected = NAMED[kind]
    assert chosen(found, sensor) == expected


SILENT = {
    "four bands": bands("", "", "", ""),
    "six bands of 8 bits": bands(*("",) * 6),
    "counted": bands(*(f"Band {k}" for k in range(1, 7))),
    "Landsat 5 or 8": bands("SR_B1", "SR_B2", "SR_B3", "SR_B4"),
    "false colours": bands("nir", "red", "green", colours=RGB8),
    "false colours by number": bands("B8", "B4", "B3", "B2A"),
    "two dates in one file": bands("pre_red", "pre_green", "pre_blue", "post_red", "post_green", "post_blue"),
    "only infrared is named": bands("", "", "", "nir"),
}


@pytest.mark.parametrize("kind", SILENT)
def test_what_is_not_said_is_not_guessed(kind):
    assert chosen(SILENT[kind]) is None


def test_files_of_one_band_are_told_by_the_words_in_which_they_differ():
    names = differing(["coastal.download.B2", "coastal.download.B3", "coastal.download.B4"])
    assert named_colours([Band(name) for name in names]) == ("blue", "green", "red")
    names = differing(["yellow_river_red", "yellow_river_green", "yellow_river_blue"])
    assert named_colours([Band(name) for name in names]) == ("red", "green", "blue")
    assert named_colours([Band(name) for name in differing(["band1", "band2", "band3"])]) == ("", "", "")


@pytest.mark.parametrize(
    ("tags", "length"),
    [
        ({"wavelength": "0.665", "wavelength_units": "Micrometers"}, 665.0),
        ({"wavelength": "665", "wavelength_units": "Nanometers"}, 665.0),
        ({"central_wavelength_um": "0.4925"}, 492.5),
        ({"wavelength": "visible"}, None),
        ({}, None),
    ],
)
def test_wavelengths_of_metadata_are_in_nanometres(tags, length):
    assert wavelength_of(tags) == (None if length is None else pytest.approx(length))


COMMON = {
    "PlanetScope": (
        ("coastal_blue", "blue", "green_i", "green", "yellow", "red", "rededge", "nir"), "",
        ("coastal", "blue", "green05", "green", "yellow", "red", "rededge", "nir"),
    ),
    "Sentinel-2": (
        ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B11", "B12"), "",
        ("coastal", "blue", "green", "red", "rededge071", "rededge075", "rededge078", "nir", "nir08", "nir09", "swir16",
         "swir22"),
    ),
    "Landsat 8": (
        (*(f"SR_B{k}" for k in range(1, 8)), "QA_PIXEL"), "",
        ("coastal", "blue", "green", "red", "nir08", "swir16", "swir22", ""),
    ),
    "Landsat 5": (
        ("SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B7"), "",
        ("blue", "green", "red", "nir08", "swir16", "swir22"),
    ),
    "HLS of Sentinel-2": (("B02", "B8A", "B12"), "HLS.S30.T32TNS.2020001", ("blue", "nir08", "swir22")),
    "HLS of Landsat": (("B02", "B05", "B07"), "HLS.L30.T32TNS.2020001", ("blue", "nir08", "swir22")),
    "MODIS": (
        ("sur_refl_b01", "sur_refl_b02", "sur_refl_b05", "sur_refl_b06"), "", ("red", "nir", "other", "swir16"),
    ),
    "words": (
        ("Band 4 (Near Infra-Red)", "Vegetation red edge 3", "SWIR 1", "Narrow NIR", "water vapour", "pan"), "",
        ("nir", "rededge078", "swir16", "nir08", "nir09", "pan"),
    ),
    "wavelengths in names": (
        ("B8, central wavelength 842 nm", "B8A, central wavelength 865 nm", "B12, central wavelength 2190 nm"), "",
        ("nir", "nir08", "swir22"),
    ),
    "numbers alone": (("b1", "b2", "b3", "b4"), "", ("", "", "", "")),
}  # fmt: skip


@pytest.mark.parametrize("kind", COMMON)
def test_bands_have_common_names(kind):
    names, sensor, expected = COMMON[kind]
    assert named_bands(bands(*names), sensor) == expected
