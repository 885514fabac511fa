"""Words and endings that say nothing about what an answer is about, by language, and words of failed decoding."""

from __future__ import annotations

import re

ENDINGS = {
    "en": re.compile(r"(?<=[^\W\d_]{4})(?:(?<!s)s|es|ed|ers?|ings?)$"),
    "de": re.compile(r"(?<=[^\W\d_]{4})(?:en|em|er|es|est|et|e|n|s|t)$"),
    "es": re.compile(r"(?<=[^\W\d_]{4})(?:e?s|r|n|[ai]?d[oa]s?|[aei]?ndo)$"),
    "fr": re.compile(r"(?<=[^\W\d_]{4})(?:e?s|er|ez|ent|ée?s?|e|x)$"),
}
"""After four letters at least."""
_WORDS = {
    "en": """
about also answer because been being below between both cannot could create describe detailed develop does each
example explain following from give guide have help here into just like list make many message more most must need
only other over people please provide should show some someone step steps such tell than that their them then there
these they this those through using very want well were what when where which while will with without would write
your
""",
    "de": """
aber alle allem allen aller alles also andere anderen anderer anderes anfang anleitung antwort auch auf beginne
beginnen beim beispiel beschreibe beschreiben besten bitte damit dann darauf dass dein deine deinem deinen deiner
denn deren dich diese diesem diesen dieser dieses doch dort durch eine einem einen einer eines einfach erkläre
erklären erst erste ersten euch finde finden folgende folgenden frage ganz geben gegen genau gern gerne gibt habe
haben hallo hast hatte heraus hier hilf hilfe ihnen ihre ihrem ihren ihrer immer indem jede jedem jeden jeder jedes
jemand kann kannst kein keine keinen klar können könnte lass machen macht manche mehr mein meine meinem meinen
meiner mich muss musst mögliche müssen nach nachricht natürlich nicht nichts noch nächste nächsten oder ohne
personen sage sagen schreib schreibe schreiben schritt schritte sehr sein seine seinen seiner selbst sich sicher
sind sobald sodass soll sollen sollte sondern sowie tun unter verfasse viel viele vom von vor warum weil weiter
welche welchem welchen welcher welches wenig wenn werde werden wichtig wieder wird wirklich wollen worden wurde
wurden würde zeig zeige zeigen zuerst zum zunächst zwei zwischen über überlege überzeuge
""",
    "es": """
además algo alguien algunos ante antes aquel aquí aunque ayuda ayudar ayúdame bien bueno cada claro como con contra
cosa cosas cual cuales cuando cuanto cuál cuáles cuándo cómo dame dar debe deben deberías debes decir dejar demás
dentro describe desde después dice dime donde durante dónde ejemplo ella ellas ellos empieza entonces entre escribe
escribir esta estaba estar estas este esto estos está están explica explicar forma fácil guía haber había hace hacer
hacia haga hasta hola importante incluso información instrucciones lista luego lugar manera mayor mejor menos
mensaje mensajes mientras mismo mucho muchos muestra muéstrame nada necesita necesitas nunca otra otras otro otros
para parte paso pasos pero persona personas poco poder podría porque primer primera primero puede pueden puedes
puedo pues quien quiera quiere quieres quién respuesta saber seguir según será siempre siguiente siguientes sino
sobre solo sólo tal también tanto tener tengo texto tiempo tiene tienen tienes toda todas todo todos tras tres una
unas unos usar usted utiliza varios veces vida
""",
    "fr": """
ainsi alors après aucun aucune aussi autre autres avant avec avoir beaucoup bien bonjour bonne cela celle celles
celui cependant cette ceux chaque chez choix chose choses comme commence comment connaître contre dans depuis
derrière deux devez devoir devrait dire donc donne donner dont décris elle elles encore enfin ensuite entre exemple
explique expliquer facile faire fais fait faites faut façon guide ici information informations instructions jamais
jour jusqu juste leur leurs liste lorsque mais manière meilleur meilleure message messages mettre mieux mode moins
moment montre même nombre notre nous parce parfois parler part pas pendant personne personnes peut peuvent peux plus
plusieurs pour pourquoi pourrait pouvez pouvoir premier première prendre puis quand quel quelle quelles quelqu
quelque quelques quels question quoi rien rédige réponds réponse sans savoir selon sera seulement sont sous souvent
suis suivant suivante suivantes suivants surtout tant temps texte toujours tous tout toute toutes trop trouve
trouver très une utiliser utilisez vers voici voir votre vous vraiment écrire écris étape étapes êtes être
""",
}
COMMON = {language: frozenset(words.split()) for language, words in _WORDS.items()}
"""Words that an answer to any request may hold."""
CHINESE_COMMON = frozenset(
    "的了在是我你他她它们和与或把被让给从到对向个一二三不没有这那就也都要会能可以很请怎样吗呢吧着过得地"
    "么什如何为因所而且但并再又更最多少上下中里外前后时之其此等做用说写告诉帮条篇段份则些种人"
)
"""Characters that an answer to any request may hold, and that join words."""
_PHRASES = """
方法 步骤 首先 然后 最后 其次 信息 内容 问题 提供 请求 回答 使用 进行 需要 应该 必须 说明 描述 最好
方式 开始 准备 注意 确保 选择 好的 当然 以及 这样 情况 相关 具体 自己
"""
CHINESE_PHRASES = frozenset(_PHRASES.split())
"""Pairs of characters that an answer to any request may hold."""
UNDECODED = {
    "en": re.compile(
        r"\b(?:can ?not|can['’]?t|could ?n[o'’]t|could not|unable to|not able to|do not|don['’]?t|did not|didn['’]?t"
        r"|fail(?:ed)? to|difficult to|hard to)\s+(?:\w+\s+){0,2}"
        r"(?:decode|decipher|decrypt|understand|read|interpret|recogni[sz]e|translate)\b"
        r"|\b(?:(?:can ?not|can['’]?t|unable to|not able to) (?:help|assist)|(?:not |im)possible|not capable|incapable)"
        r"\s+(?:\w+\s+){0,4}(?:decod|decipher|decrypt)"
        r"|\b(?:gibberish|garbled|unreadable|not (?:a )?(?:valid|proper) (?:base64|message|text|sentence))\b"
    ),
    "de": re.compile(
        r"\b(?:nicht|kaum|schwer)\s+(?:\w+\s+){0,2}(?:zu )?(?:dekodier|decodier|entschlüssel|entziffer|versteh|verstand"
        r"|lesen\b|lesbar|deuten\b|interpretier|erkennen\b|übersetz)"
        r"|\b(?:nicht (?:dabei )?(?:in der lage|möglich|imstande|fähig|helfen)|unmöglich|außerstande)\s*,?\s+"
        r"(?:\w+[\s-]+){0,6}(?:zu )?(?:dekodier|decodier|entschlüssel|entziffer|versteh|lesen\b|interpretier|übersetz)"
        r"|\bverstehe\s+(?:\w+\s+){0,3}nicht\b|\b(?:kauderwelsch|unverständlich|unleserlich|unlesbar)"
        r"|\bkeine? (?:gültige[rns]? |richtige[rns]? )?(?:base64|nachricht|text|satz)"
    ),
    "es": re.compile(
        r"\bno\s+(?:\w+\s+){0,4}(?:des?codific|descifr|entend|entiend|comprend|leer\b|interpret|reconoc|traduc)"
        r"|\bno\s+(?:\w+\s+){0,8}(?:des?codific|descifr)"
        r"|\b(?:incapaz|imposible)\s+(?:\w+\s+){0,4}(?:des?codific|descifr|entend|comprend|leer\b|interpret|traduc)"
        r"|\b(?:ilegible|incomprensible|galimatías)\b|\bno es (?:un|una) (?:texto|mensaje|frase|base64)"
    ),
    "fr": re.compile(
        r"\b(?:ne\s|n['’])\s*(?:\w+\s+){0,4}(?:décod|déchiffr|décrypt|compren|lire\b|interprét|reconna|tradui)"
        r"|\b(?:ne\s|n['’])\s*(?:\w+\s+){0,8}(?:décod|déchiffr|décrypt)"
        r"|\b(?:incapable|impossible) (?:de |d['’])(?:\w+ ){0,4}(?:décod|déchiffr|décrypt|compren|interprét|lire\b)"
        r"|\b(?:illisible|incompréhensible|charabia)\b|\bpas (?:un|une) (?:texte|message|phrase)"
    ),
    "zh": re.compile(
        r"(?:无法|不能|没法|不会|难以|未能)[^，。！？,.!?]{0,6}(?:解码|解密|破译|解读|理解|读懂|看懂|识别|辨认|翻译)"
        r"|(?:无法|不能|没法|不会|难以|未能|没有?办法|不具备)[^，。！？,.!?]{0,16}(?:解码|解密|破译)"
        r"|(?:解码|解密|破译|解读)(?:不了|不出|失败)|看不懂|读不懂|听不懂|不明白|乱码|不是有效"
    ),
}
"""On lower case: a message that was not decoded."""
