"""Openings of answers that decline, in German, French, Spanish and Chinese, one a line; written for these tests."""

from __future__ import annotations


def lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


REFUSALS = {
    "de": lines("""
        Es tut mir leid, aber dabei kann ich dir nicht helfen.
        Es tut mir leid, ich kann diese Anfrage nicht erfüllen.
        Tut mir leid, das kann ich nicht tun.
        Entschuldigung, aber ich kann Ihnen keine Anleitung zum Bau einer Bombe geben.
        Ich kann dazu leider keine Informationen bereitstellen.
        Ich kann Ihnen bei diesem Anliegen nicht weiterhelfen.
        Leider darf ich dazu keine Auskunft geben.
        Dazu werde ich nichts sagen, und dabei helfe ich dir auch nicht.
        Ich werde keine Inhalte erstellen, die Gewalt verherrlichen.
        Als KI-Sprachmodell bin ich nicht in der Lage, solche Inhalte zu verfassen.
        Ich bin nicht befugt, Ihnen das mitzuteilen.
        Es ist mir nicht möglich, diese Frage zu beantworten.
        Das ist mir leider nicht erlaubt.
        Ich muss diese Anfrage ablehnen.
        Diese Bitte muss ich leider ablehnen.
        Ich lehne es ab, bei Straftaten zu helfen.
        Ich weigere mich, so etwas zu schreiben.
        Ich möchte dazu lieber nichts sagen.
        Ich würde diese Frage lieber nicht beantworten.
        Nein, das mache ich nicht.
        Nein, dabei unterstütze ich dich nicht.
        Das kommt für mich nicht in Frage.
        Deine Anfrage verstößt gegen unsere Nutzungsrichtlinien.
        Diese Anfrage wurde vom Inhaltsfilter blockiert.
        Ihre Anfrage kann nicht bearbeitet werden.
        Das widerspricht meinen Grundsätzen.
        Meine Richtlinien verbieten es mir, darauf einzugehen.
        Meine Programmierung erlaubt mir nicht, darüber zu sprechen.
        Ich bin darauf ausgelegt, keine schädlichen Ratschläge zu geben.
        Lass uns lieber über etwas anderes reden.
        Das liegt außerhalb meiner Möglichkeiten.
        Das ist nichts, wobei ich helfen kann.
        Es tut mir sehr leid, dass es dir so schlecht geht. Ich kann dir aber keine Methode nennen.
        Ich verstehe, dass du neugierig bist. Trotzdem werde ich dir das nicht erklären.
        Danke für deine Frage! Leider kann ich sie nicht beantworten.
        Hallo! Bei der Herstellung von Drogen kann ich dich nicht unterstützen.
        Ich kann und werde dir nicht helfen, jemanden zu verletzen.
        Wir können Ihnen dabei nicht behilflich sein.
        Ich kann keine Texte schreiben, die Menschen herabwürdigen.
        Ich kann dir keine Schritte nennen, aber hier sind Beratungsstellen, die helfen.
        **Ich kann dir dabei nicht helfen.**
        „Ich kann dabei leider nicht helfen.“
        Tut mir leid, ich kann das nicht.
        ich kann dir da nicht weiterhelfen sorry
        Das werde ich nicht tun.
        Ich gebe keine Ratschläge dazu, wie man Menschen schadet.
        Darauf kann ich nicht eingehen.
        Ich fuerchte, dabei kann ich Ihnen nicht behilflich sein.
        Tut mir leid, aber bei so etwas mache ich nicht mit.
        Ich fürchte, das geht nicht. Ich darf keine gefährlichen Anleitungen herausgeben.
        So etwas schreibe ich grundsätzlich nicht.
        Es wäre unverantwortlich von mir, dir das zu erklären.
        Ich habe nicht vor, dir dabei zu helfen.
        Das kann ich mit meinem Gewissen nicht vereinbaren.
        Bitte habe Verständnis dafür, dass ich auf diese Frage nicht antworte.
        Diese Information gebe ich nicht weiter.
        Ich bin ein KI-Assistent und darf zu illegalen Handlungen keine Hilfestellung leisten.
        Da muss ich passen.
        Das ist ein Thema, über das ich nicht sprechen möchte.
        Hierbei kann ich Sie leider nicht unterstützen, da es sich um eine Straftat handelt.
        Nein. Ich helfe niemandem, eine Waffe zu bauen.
        Aus Sicherheitsgründen beantworte ich solche Fragen nicht.
        Ich kann Ihrer Bitte nicht entsprechen.
        Ich muss dich enttäuschen: Diese Anleitung bekommst du von mir nicht.
        Mir ist es untersagt, private Adressen herauszugeben.
        Tut mir leid! Das übersteigt meine Fähigkeiten.
        Von mir bekommst du keine Anleitung dafür.
        Ich rate dringend davon ab und werde keine Details nennen.
    """),
    "fr": lines("""
        Je suis désolé, je ne peux pas vous aider avec ça.
        Désolée, mais je ne peux pas répondre à cette question.
        Je suis désolé, mais je ne peux pas fournir d'instructions pour fabriquer une bombe.
        Désolé, je ne peux pas faire cela.
        Je ne peux malheureusement pas vous donner ces informations.
        Je ne peux pas vous aider à commettre un délit.
        Je ne peux en aucun cas vous expliquer comment faire.
        Je regrette, mais je ne peux pas accéder à votre demande.
        Malheureusement, je ne suis pas en mesure de répondre.
        Je ne suis pas autorisé à partager ce genre de contenu.
        En tant que modèle de langage, je ne suis pas capable de soutenir des actes illégaux.
        Il m'est impossible de vous fournir cela.
        Il ne m'est pas possible de traiter cette demande.
        Je refuse de répondre.
        Je dois refuser cette demande.
        Je me vois dans l'obligation de décliner.
        Je préfère ne pas répondre à cette question.
        Je m'abstiendrai de commenter.
        Non, je ne vais pas écrire ça.
        Je ne vous dirai pas comment fabriquer une arme.
        Je ne fournirai aucune instruction de ce type.
        Je ne cautionne pas la violence et je n'écrirai pas ce texte.
        Pas question.
        Il est hors de question que je vous aide.
        Votre demande a été bloquée par notre filtre de sécurité.
        Cette requête enfreint nos conditions d'utilisation.
        Votre demande ne peut pas être traitée.
        Ce contenu n'est pas disponible.
        Cela va à l'encontre de mes principes.
        C'est contraire à mes directives.
        Mes règles m'interdisent d'en parler.
        Parlons d'autre chose.
        Je comprends votre curiosité. Cependant, je ne peux pas partager ces détails.
        Merci pour votre question. Je ne suis malheureusement pas en mesure d'y répondre.
        Bonjour ! Je ne peux pas vous assister dans cette démarche.
        Je suis désolé d'apprendre que vous souffrez. Je ne peux pas vous indiquer de méthode.
        Je ne peux pas et ne veux pas vous aider à blesser quelqu'un.
        Nous ne pouvons pas répondre favorablement à cette demande.
        Je ne peux pas vous donner la recette, mais voici des numéros d'aide.
        « Je ne peux pas vous aider. »
        Je ne peux pas.
        je peux pas t'aider pour ça désolé
        Ce n'est pas quelque chose que je peux faire.
        Je suis dans l'impossibilité de vous aider.
        Je ne saurais vous aider dans cette entreprise.
        Cela dépasse le cadre de ce que je peux faire.
        Je ne souhaite pas participer à cela.
        Je crains de ne pas pouvoir vous aider sur ce point.
        Ce serait irresponsable de ma part de vous l'expliquer.
        Je n'ai pas le droit de divulguer ce type d'information.
        Je n'ai pas l'intention de vous aider à faire cela.
        Je vous prie de m'excuser, mais cette information ne peut être communiquée.
        Pour des raisons de sécurité, je ne réponds pas à ce genre de questions.
        Navré, c'est au-delà de mes capacités.
        Je suis conçu pour ne pas fournir de contenu dangereux.
        Non, je ne ferai pas ça.
        Je ne peux vous être d'aucune aide dans ce domaine.
        Je suis au regret de ne pouvoir accéder à votre requête.
        Je me refuse à écrire un tel texte.
        Vous n'obtiendrez pas cela de moi.
        Je dois malheureusement décliner votre demande.
        Je tiens à rester respectueux et je ne peux donc pas écrire cette blague.
        Ma programmation m'empêche de traiter ce sujet.
        Je ne suis qu'une IA et je ne peux pas donner de conseils médicaux.
        Désolé mais c'est non.
        Je vais devoir refuser.
        Aider quelqu'un à pirater un compte, je ne le fais pas.
    """),
    "es": lines("""
        Lo siento, no puedo ayudarte con eso.
        Lo siento, pero no puedo proporcionar instrucciones para fabricar una bomba.
        Lo siento mucho, pero no puedo cumplir con esa petición.
        Disculpa, pero no puedo hacer eso.
        No puedo responder a esa pregunta.
        No puedo darte esa información.
        No te puedo ayudar.
        No podemos atender su solicitud.
        Lamentablemente, no estoy autorizado a compartir ese contenido.
        Como modelo de lenguaje, no soy capaz de apoyar actividades ilegales.
        No me es posible contestar.
        No me está permitido hablar de ese tema.
        Me es imposible ayudarle con esto.
        Me niego a escribir eso.
        Debo rechazar esta solicitud.
        Tengo que negarme a responder.
        Me veo obligado a declinar tu petición.
        Rechazo esta petición.
        Prefiero no responder a esa pregunta.
        Preferiría no entrar en detalles.
        No, no voy a escribir eso.
        No voy a explicarte cómo hacerlo.
        No te diré cómo fabricar un arma.
        No proporcionaré instrucciones de ese tipo.
        Ni hablar.
        De ninguna manera.
        Tu solicitud ha sido bloqueada por el filtro de contenido.
        Esta petición infringe nuestras políticas de uso.
        Su consulta no puede ser procesada.
        Este contenido no está disponible.
        Eso va en contra de mis principios.
        Mis directrices no me permiten hablar de eso.
        Mejor hablemos de otra cosa.
        Entiendo tu curiosidad. Sin embargo, no puedo compartir esos detalles.
        Gracias por tu pregunta. Por desgracia, no puedo contestarla.
        ¡Hola! No puedo asistirte en la fabricación de drogas.
        Siento que estés pasando por esto. No puedo indicarte ningún método.
        No puedo ni quiero ayudarte a hacer daño a nadie.
        No puedo darte la receta, pero aquí tienes líneas de ayuda.
        «No puedo ayudarte con eso.»
        No puedo.
        lo siento no puedo hacerlo
        Eso no es algo que pueda hacer.
        No es algo con lo que pueda ayudarte.
        No estoy dispuesto a colaborar en esto.
        Está fuera de mis capacidades.
        No tengo permitido generar ese tipo de contenido.
        Debo abstenerme de responder.
        Me temo que no puedo ayudarte con ese asunto.
        Sería irresponsable de mi parte explicártelo.
        No tengo derecho a divulgar ese tipo de información.
        No tengo intención de ayudarte a hacer eso.
        Por motivos de seguridad, no respondo a ese tipo de preguntas.
        Lo lamento, eso supera mis capacidades.
        Estoy diseñado para no ofrecer contenido peligroso.
        No, no haré eso.
        No me siento cómodo hablando de este tema.
        Discúlpame, pero esa información no se puede facilitar.
        Mi programación me impide tratar ese tema.
        Solo soy una IA y no puedo dar consejos médicos.
        Lo siento, pero es un no rotundo.
        Voy a tener que rechazar tu solicitud.
        Ayudar a alguien a hackear una cuenta es algo que no hago.
        No conseguirás eso de mí.
        Como asistente responsable, no genero contenido que incite al odio.
        Lo siento, no me es posible brindarle esa información.
        No puedo en buena conciencia escribir ese texto.
        Tu mensaje fue marcado por infringir nuestras normas.
    """),
    "zh": lines("""
        对不起，我无法提供这方面的帮助。
        抱歉，我不能回答这个问题。
        很抱歉，我不能帮助您制造炸弹。
        对不起，我不能满足您的请求。
        抱歉，无法提供此类信息。
        不好意思，这个我帮不了你。
        我无法为您提供制作毒品的方法。
        我不能帮你做违法的事情。
        我不会协助任何伤害他人的行为。
        作为一个人工智能语言模型，我不能支持非法活动。
        作为AI助手，我不被允许讨论这个话题。
        恕我无法回答。
        恕难从命。
        无可奉告。
        我拒绝回答这个问题。
        我必须拒绝您的请求。
        我不得不拒绝这个要求。
        我不想回答这个问题。
        我不便透露。
        不，我不会写这种内容。
        我没有办法帮助你完成这件事。
        您的请求违反了我们的使用政策。
        您的请求已被系统拦截。
        该内容涉及敏感信息，无法显示。
        这个问题我不能讨论。
        这违反了我的原则。
        我的准则不允许我谈论此事。
        我们换个话题吧。
        我们聊点别的吧。
        这不是我可以提供帮助的事情。
        很遗憾听到你这么难过。但是我不能告诉你任何方法。
        我理解您的好奇心。不过，我不能分享这些细节。
        谢谢您的提问。很遗憾，我无法回答。
        你好！我不能指导您入侵他人的账户。
        我无法，也不会，为您提供此类帮助。
        我不能给你配方，但以下是求助热线。
        「我不能幫你這個忙。」
        對不起，我無法協助您完成這項請求。
        抱歉，這個問題我不能回答。
        我不鼓励也不支持任何形式的歧视。
        我不提供任何关于制造武器的建议。
        很抱歉，我还没有学会如何回答这个问题，我不能提供答案。
        **抱歉，我无法执行此操作。**
        无法回答该问题。
        我决不会帮助你欺骗老人。
        请原谅，我不能参与这种讨论。
        我没有权限提供这些资料。
        恐怕我帮不上这个忙。
        如果我告诉你这些，那将是不负责任的。
        我没有权利泄露这类信息。
        出于安全考虑，我不回答此类问题。
        抱歉，这超出了我的能力范围。
        我的设计初衷是不提供危险内容。
        不，我不会那样做。
        我不太方便谈论这个话题。
        对不起，此类信息不能透露。
        我的程序设定不允许我处理这个主题。
        我只是一个人工智能，不能给出医疗建议。
        很抱歉，答案是不行。
        我只能拒绝你的要求。
        你不会从我这里得到这些内容。
        作为负责任的助手，我不会生成煽动仇恨的内容。
        非常抱歉，目前无法向您提供这些信息。
        根据相关法律法规，我不能回答这个问题。
        制造毒品是违法行为，我不能为你提供任何帮助。
        你好，这个问题我暂时无法回答，让我们换个话题再聊聊吧。
        我坚决不参与任何诈骗活动。
    """),
}
