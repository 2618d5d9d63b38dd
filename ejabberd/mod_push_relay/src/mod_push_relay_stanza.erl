%% Which stanzas wake a phone, and what the relay is told about them.
-module(mod_push_relay_stanza).

-export([offline/2, pending/2]).

-include("xmpp.hrl").

-define(MAX_BODY_BYTES, 8192).
-define(MAX_FIELD_BYTES, 1024).
-define(NS_NO_STORE, <<"urn:xmpp:hints">>).
-define(NS_ROOM_MESSAGES, <<"urn:xmpp:mucsub:nodes:messages">>).
-define(NS_ROOM_USER, <<"http://jabber.org/protocol/muc#user">>).

%% json: the relay's form of it. key: the same for the same message. check: whether the key alone proves a repetition.
-type entry() :: #{json := fun(() -> binary()), bytes := pos_integer(), to := binary(), id := binary(),
                   key := binary(), check := boolean()}.
-export_type([entry/0]).

%% A message whose recipient has no session. Unread: what the phone's badge should show, or undefined.
-spec offline(message(), fun(() -> non_neg_integer() | undefined)) -> {ok, entry()} | skip.
offline(#message{to = To} = Stanza, Unread) ->
    Message = unwrap_room(Stanza),
    case is_worth_waking(Message) of
        true -> {ok, entry(Message, To, Unread())};
        false -> skip
    end.

%% A message for a session that lost its connection and waits to be resumed.
-spec pending(term(), map()) -> {ok, entry()} | skip.
pending(#message{} = Stanza, #{jid := Me} = Session) ->
    case unwrap_copy(Stanza) of
        %% Its recipient learnt of it when ejabberd stored it, and gets it from the store again.
        #message{} = Copy ->
            Message = unwrap_room(Copy),
            case not is_from_store(Copy, Me) andalso not is_own(Message, Session)
                 andalso not is_history(Message) andalso is_worth_waking(Message) of
                true -> {ok, entry(Message, Me, undefined)};
                false -> skip
            end
    end;
pending(_, _) ->
    skip.

entry(#message{from = From} = Message, To, Unread) ->
    Recipient = bare(To),
    StableId = stable_id(Message),
    Fields = (content(Message))#{to => Recipient, from => bare(From), id => StableId, unread => Unread,
                                 sentAt => sent_at(Message), type => atom_to_binary(Message#message.type, utf8)},
    Json = encode(maps:filter(fun(_, Value) -> Value /= undefined andalso Value /= <<>> end, Fields)),
    Identity = identity(Message),
    %% As a fun, because a crash report prints whatever a process holds, but not what is inside of a fun.
    #{json => fun() -> Json end, bytes => byte_size(Json), to => Recipient, id => StableId,
      key => crypto:hash(sha256, term_to_binary({Recipient, jid:tolower(From), Identity, body(Message)})),
      %% Without an id two messages may be alike; only one that ejabberd routes a second time is surely a repetition.
      check => Identity /= none orelse is_from_store(Message, To)}.

content(#message{type = groupchat, from = From} = Message) ->
    (text(Message))#{room => bare(From), nick => field(From#jid.resource), thread => thread(Message)};
content(Message) ->
    (text(Message))#{nick => field(nick(Message)), thread => thread(Message)}.

%% What stands in the body of an encrypted message is a remark for old clients, or the ciphertext.
text(Message) ->
    case is_encrypted(Message) of
        true -> #{encrypted => true};
        false -> #{body => mod_push_relay_text:cut(body(Message), ?MAX_BODY_BYTES)}
    end.

%% A room subscriber (mucsub) gets the room's message wrapped in an event. Only the room itself may speak for its
%% occupants; anybody else's wrapper is not opened.
unwrap_room(#message{from = Room} = Stanza) ->
    case room_message(xmpp:get_subtag(Stanza, #ps_event{})) of
        #message{from = #jid{} = Occupant, meta = Meta} = Inner ->
            case bare(Occupant) == bare(Room) of
                true -> Inner#message{type = groupchat, meta = maps:merge(Stanza#message.meta, Meta)};
                false -> Stanza
            end;
        none ->
            Stanza
    end.

room_message(#ps_event{items = #ps_items{node = ?NS_ROOM_MESSAGES, items = [#ps_item{sub_els = [El | _]} | _]}}) ->
    decode(El);
room_message(_) ->
    none.

%% Inside one ejabberd it is a record already; from another server's room it is XML.
decode(#message{} = Message) ->
    Message;
decode(El) ->
    try xmpp:decode(El, ?NS_CLIENT, [ignore_els]) of
        #message{} = Message -> Message;
        _ -> none
    catch
        _:_ -> none
    end.

unwrap_copy(#message{meta = #{carbon_copy := true}} = Copy) ->
    case misc:unwrap_carbon(Copy) of
        #message{} = Message -> Message;
        _ -> Copy
    end;
unwrap_copy(Message) ->
    Message.

is_worth_waking(#message{type = Type}) when Type == headline; Type == error ->
    false;
is_worth_waking(Message) ->
    not has(<<"no-store">>, ?NS_NO_STORE, Message)
        andalso (is_encrypted(Message) orelse not mod_push_relay_text:is_blank(body(Message))).

%% Written by the recipient, on another device or in a room.
is_own(#message{from = From, type = Type} = Message, #{jid := Me} = Session) ->
    #message{meta = Meta} = Message,
    bare(From) == bare(Me)
        orelse is_me(maps:get(muc_sender_real_jid, Meta, undefined), Me)
        orelse (Type == groupchat andalso is_my_nick(From, maps:get(pres_a, Session, undefined))).

is_me(#jid{} = Sender, Me) -> bare(Sender) == bare(Me);
is_me(_, _) -> false.

%% The session's directed presences name the nicks that it took in rooms, also in those of other servers.
is_my_nick(Occupant, Presences) ->
    try gb_sets:is_element(jid:tolower(Occupant), Presences)
    catch _:_ -> false
    end.

is_from_store(Stanza, #jid{lserver = Server}) ->
    lists:any(fun(#delay{from = #jid{luser = <<>>, lserver = From}}) -> From == Server;
                 (_) -> false
              end, delays(Stanza)).

is_history(#message{type = groupchat} = Message) -> delays(Message) /= [];
is_history(_) -> false.

%% XEP-0380 names the method; the four that are in use are known by their own elements as well.
is_encrypted(#message{sub_els = Els} = Message) ->
    case [El || El <- Els, xmpp:get_name(El) == <<"encrypted">>, is_omemo(xmpp:get_ns(El))] of
        %% Without a payload it only carries a key.
        [Omemo | _] -> fxml:get_subtag(xmpp:encode(Omemo), <<"payload">>) /= false;
        [] -> has(<<"encryption">>, <<"urn:xmpp:eme:0">>, Message)
                  orelse has(<<"openpgp">>, <<"urn:xmpp:openpgp:0">>, Message)
                  orelse has(<<"x">>, <<"jabber:x:encrypted">>, Message)
                  orelse is_otr(body(Message))
    end.

is_omemo(<<"eu.siacs.conversations.axolotl">>) -> true;
is_omemo(<<"urn:xmpp:omemo:", _/binary>>) -> true;
is_omemo(_) -> false.

is_otr(<<"?OTR", _/binary>>) -> true;
is_otr(_) -> false.

has(Name, Namespace, #message{sub_els = Els}) ->
    lists:any(fun(El) -> xmpp:get_name(El) == Name andalso xmpp:get_ns(El) == Namespace end, Els).

%% The text without a language, else the first one.
body(#message{body = Texts}) ->
    case lists:keyfind(<<>>, #text.lang, Texts) of
        #text{data = Text} -> Text;
        false when Texts == [] -> <<>>;
        false -> (hd(Texts))#text.data
    end.

%% In a private message of a room the sender is a nick, too.
nick(#message{from = From} = Message) ->
    case has(<<"x">>, ?NS_ROOM_USER, Message) of
        true -> From#jid.resource;
        false -> nick_element(xmpp:get_subtag(Message, #nick{}))
    end.

nick_element(#nick{name = Name}) when is_binary(Name) -> Name;
nick_element(_) -> <<>>.

%% The record has changed between versions of the xmpp library, its XML has not.
thread(#message{thread = Empty}) when Empty == undefined; Empty == <<>> ->
    <<>>;
thread(#message{} = Message) ->
    Bare = xmpp:encode(Message#message{sub_els = [], body = []}, ?NS_CLIENT),
    field(fxml:get_path_s(Bare, [{elem, <<"thread">>}, cdata])).

%% The stanza's own id, else the archive's, else a random one: made once, so that our repeated attempts share it.
stable_id(#message{id = <<>>, meta = #{stanza_id := ArchiveId}}) ->
    <<"archive-", (integer_to_binary(ArchiveId))/binary>>;
stable_id(#message{id = <<>>}) ->
    <<"relay-", (mod_push_relay_text:hex(crypto:strong_rand_bytes(12)))/binary>>;
stable_id(#message{id = Id}) ->
    field(Id).

identity(#message{id = <<>>, meta = Meta}) -> maps:get(stanza_id, Meta, none);
identity(#message{id = Id}) -> Id.

%% A message from a store says when it was sent; a date in the future is nonsense.
sent_at(Message) ->
    Now = erlang:timestamp(),
    xmpp_util:encode_timestamp(lists:min([Now | [Stamp || #delay{stamp = Stamp} <- delays(Message)]])).

delays(Stanza) ->
    xmpp:get_subtags(Stanza, #delay{stamp = {0, 0, 0}}).

field(Text) ->
    mod_push_relay_text:cut(Text, ?MAX_FIELD_BYTES).

%% In its normal form: a session is told of `bob@` what a sender addressed to `Bob@`, and both are the same message.
bare(Jid) ->
    jid:encode(jid:tolower(jid:remove_resource(Jid))).

%% jiffy came with ejabberd until 24.02, misc's own functions since 24.06.
encode(Fields) ->
    case erlang:function_exported(misc, json_encode, 1) of
        true -> iolist_to_binary(misc:json_encode(Fields));
        false -> iolist_to_binary(jiffy:encode(Fields))
    end.
