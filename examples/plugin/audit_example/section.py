"""A section of the report card: the licences of everything that a run used."""

SECTION = """<section id="licences">
<h2>Licences</h2>
<ul>
{% for asset in manifest.assets %}<li>{{ asset.name | line }}: {{ asset.licence | line }}</li>
{% endfor %}</ul>
</section>
"""
