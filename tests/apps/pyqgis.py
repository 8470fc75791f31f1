"""Steps in QGIS, for tests that have no QGIS in their own Python: the system's Python runs this file by itself.

It takes a list of steps as JSON from standard input, and prints what each has found as a list of JSON.
"""

import json
import os
import sys

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsLayoutExporter,
    QgsLayoutItemScaleBar,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor


def opened(path):
    """A layer as QGIS opens it, with the style it finds by itself: a raster, or a layer of a GeoPackage."""
    name = path.rpartition("layername=")[2] or path
    layer = QgsVectorLayer(path, name, "ogr") if ".gpkg" in path else QgsRasterLayer(path, name)
    assert layer.isValid(), path
    return layer


def layer_facts(path):
    layer = opened(path)
    return vector_facts(layer) if isinstance(layer, QgsVectorLayer) else raster_facts(layer)


def vector_facts(layer):
    renderer = layer.renderer()
    facts = {
        "renderer": renderer.type(),
        "features": layer.featureCount(),
        "aliases": {field.name(): field.alias() for field in layer.fields()},
        "display": layer.displayExpression(),
        "tip": layer.mapTipTemplate(),
        "crs": layer.crs().authid(),
        "styles": layer.listStylesInDatabase()[2],
    }
    if renderer.type() == "categorizedSymbol":
        facts["field"] = renderer.classAttribute()
        facts["categories"] = {each.value(): each.label() for each in renderer.categories()}
        facts["colours"] = {
            each.value(): [part.color().name() for part in each.symbol().symbolLayers()]
            for each in renderer.categories()
        }
    return facts


def raster_facts(layer):
    renderer = layer.renderer()
    items = (
        renderer.shader().rasterShaderFunction().colorRampItemList()
        if renderer.type() == "singlebandpseudocolor"
        else []
    )
    classes = renderer.classes() if renderer.type() == "paletted" else []
    return {
        "renderer": renderer.type(),
        "classes": [[each.value, each.color.name(), each.color.alpha(), each.label] for each in classes],
        "nodata": renderer.nodataColor().name() if renderer.nodataColor().isValid() else None,
        "items": [[item.value, item.color.name(), item.color.alpha(), item.label] for item in items],
        "crs": layer.crs().authid(),
    }


def tips(path):
    """The map tip and the name of every feature, as QGIS shows them."""
    layer, found = opened(path), []
    for feature in layer.getFeatures():
        context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
        context.setFeature(feature)
        name = QgsExpression(layer.displayExpression()).evaluate(context)
        found.append([name, QgsExpression.replaceExpressionText(layer.mapTipTemplate(), context)])
    return found


def picture(paths, target, size=(400, 400), extent=None, crs=None, background="#b4dc78"):
    """Layers drawn on a ground of one colour, the first one on top."""
    layers = [opened(path) for path in paths]
    drawn(layers, target, size, extent, crs, background)


def drawn(layers, target, size, extent, crs, background):
    settings, place = QgsMapSettings(), QgsCoordinateReferenceSystem(crs) if crs else layers[-1].crs()
    settings.setLayers(layers)
    settings.setDestinationCrs(place)
    if extent is None:
        box = QgsCoordinateTransform(layers[-1].crs(), place, QgsProject.instance()).transformBoundingBox(
            layers[-1].extent()
        )
    else:
        box = QgsRectangle(*extent)
    settings.setExtent(box)
    settings.setOutputSize(QSize(*size))
    settings.setBackgroundColor(QColor(background))
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    assert not job.errors(), [error.message for error in job.errors()]
    assert job.renderedImage().save(target)


def project(path, target=None, pdf=None, png=None, canvas=None, dpi=100):
    """What a project holds; drawn, and its layout exported, where a name is given for that."""
    said = []
    QgsApplication.messageLog().messageReceived.connect(lambda text, tag, level: said.append([tag, text, int(level)]))
    opened_project = QgsProject.instance()
    assert opened_project.read(path), opened_project.error()
    tree = opened_project.layerTreeRoot()
    order = [layer.name() for layer in tree.layerOrder()]
    facts = {
        "title": opened_project.title(),
        "crs": opened_project.crs().authid() or opened_project.crs().toWkt(),
        "order": order,
        "visible": {node.name(): node.isVisible() for node in tree.findLayers()},
        "valid": {layer.name(): layer.isValid() for layer in opened_project.mapLayers().values()},
        "sources": [layer.source() for layer in opened_project.mapLayers().values()],
        "layers": {
            layer.name(): vector_facts(layer) if isinstance(layer, QgsVectorLayer) else raster_facts(layer)
            for layer in opened_project.mapLayers().values()
        },
        "extent": [round(number, 3) for number in extent_of(opened_project)],
        "layouts": [layout.name() for layout in opened_project.layoutManager().printLayouts()],
    }
    if canvas:
        drawn(tree.layerOrder(), canvas, (600, 600), extent_of(opened_project), None, "#ffffff")
    for layout in opened_project.layoutManager().printLayouts():
        facts["texts"] = [item.currentText() for item in layout.items() if hasattr(item, "currentText")]
        facts["items"] = sorted(type(item).__name__ for item in layout.items() if hasattr(item, "uuid"))
        facts["bars"] = [
            {"width": item.rect().width(), "unit": item.unitLabel(), "each": item.unitsPerSegment()}
            for item in layout.items()
            if isinstance(item, QgsLayoutItemScaleBar)
        ]
        exporter = QgsLayoutExporter(layout)
        if pdf:
            assert exporter.exportToPdf(pdf, QgsLayoutExporter.PdfExportSettings()) == QgsLayoutExporter.Success
        if png:
            settings = QgsLayoutExporter.ImageExportSettings()
            settings.dpi = dpi
            assert exporter.exportToImage(png, settings) == QgsLayoutExporter.Success
    facts["said"] = said
    return facts


def extent_of(project):
    box = project.viewSettings().defaultViewExtent()
    return [box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()]


def version():
    return Qgis.QGIS_VERSION_INT


STEPS = {step.__name__: step for step in (layer_facts, tips, picture, project, version)}


def main():
    application = QgsApplication([], False)
    application.initQgis()
    found = [STEPS[step["step"]](**step.get("with", {})) for step in json.load(sys.stdin)]
    print(json.dumps(found), flush=True)  # noqa: T201 - for who runs it
    os._exit(0)  # what Python still holds of QGIS may end the process with a crash when it is cleared away


if __name__ == "__main__":
    main()
