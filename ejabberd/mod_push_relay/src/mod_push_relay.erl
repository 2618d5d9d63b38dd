%% Tells a push-relay about the messages that nobody is online to read, so that it wakes the recipient's phones.
%% This module holds the options and the hooks; what a message becomes is in mod_push_relay_stanza, and the queue and
%% its way to the relay are in mod_push_relay_sender.
-module(mod_push_relay).
-behaviour(gen_mod).

-export([start/2, stop/1, reload/3, depends/2, mod_options/1, mod_opt_type/1, mod_doc/0]).
-export([offline_message/1, session_pending/1, session_send/3, remove_user/2]).

-include("logger.hrl").
-include("xmpp.hrl").

%% After mod_mam (49) and mod_offline (50), who tell what became of the message, and before ejabberd_sm (100), who
%% answers the sender of a message that nobody took.
-define(PRIORITY, 60).
-define(SENDER, mod_push_relay_sender).

start(Host, _Opts) ->
    case gen_mod:start_child(?SENDER, Host, #{}) of
        {ok, _} = Started ->
            [ejabberd_hooks:add(Hook, Host, ?MODULE, Function, ?PRIORITY) || {Hook, Function} <- hooks()],
            Started;
        Error ->
            Error
    end.

stop(Host) ->
    [ejabberd_hooks:delete(Hook, Host, ?MODULE, Function, ?PRIORITY) || {Hook, Function} <- hooks()],
    gen_mod:stop_child(?SENDER, Host).

reload(Host, _NewOpts, _OldOpts) ->
    ?SENDER:reload(Host).

hooks() ->
    [{offline_message_hook, offline_message},
     {c2s_session_pending, session_pending},
     {c2s_handle_send, session_send},
     {remove_user, remove_user}].

%% Both only so that they are started first when they are there.
depends(_Host, _Opts) ->
    [{mod_offline, soft}, {mod_stream_mgmt, soft}].

%%% Hooks. They run in the process of the sender's session: they never wait, and an error stays here, because ejabberd
%%% would log the whole stanza with it.

offline_message({Action, #message{to = #jid{lserver = Host} = To} = Stanza} = Acc)
  when Action == offlined; Action == archived ->
    guarded(Host, Stanza, fun() -> mod_push_relay_stanza:offline(Stanza, fun() -> unread(To) end) end),
    Acc;
%% `bounce`: nobody stored it, so the recipient will never see it, and the sender gets an error.
offline_message(Acc) ->
    Acc.

%% What the lost connection still owed its client. It comes to offline_message again if the client does not return.
session_pending(#{mgmt_queue := Queue, lserver := Host} = Session) ->
    try p1_queue:foldl(fun({_, _, Stanza}, _) -> pending(Host, Stanza, Session) end, ok, Queue)
    catch Class:_ -> ?ERROR_MSG("Unacknowledged stanzas of a session could not be read (~p), no push", [Class])
    end,
    Session;
session_pending(Session) ->
    Session.

session_send(#{mgmt_state := pending, lserver := Host} = Session, Stanza, _Result) ->
    pending(Host, Stanza, Session),
    Session;
session_send(Session, _Stanza, _Result) ->
    Session.

remove_user(User, Server) ->
    case jid:make(User, Server) of
        #jid{lserver = Host} = Jid -> ?SENDER:delete(Host, jid:encode(jid:tolower(Jid)));
        error -> ok
    end.

pending(Host, Stanza, Session) ->
    guarded(Host, Stanza, fun() -> mod_push_relay_stanza:pending(Stanza, Session) end).

guarded(Host, Stanza, Describe) ->
    try Describe() of
        {ok, Entry} -> ?SENDER:push(Host, Entry);
        skip -> ok
    catch
        Class:_ -> ?ERROR_MSG("No push for message ~ts on ~ts: it could not be described (~p)", [printable_id(Stanza), Host, Class])
    end.

printable_id(#message{id = Id}) -> mod_push_relay_text:printable(Id);
printable_id(_) -> <<>>.

unread(#jid{luser = User, lserver = Host}) ->
    case gen_mod:is_loaded(Host, mod_offline) andalso gen_mod:get_module_opt(Host, ?MODULE, unread) of
        true -> count(User, Host);
        false -> undefined
    end.

%% A push without a badge is better than none while the database does not answer.
count(User, Host) ->
    try mod_offline:count_offline_messages(User, Host)
    catch _:_ -> undefined
    end.

%%% Options

mod_options(_Host) ->
    [url, token, {timeout, 10000}, {max_queue, 10000}, {unread, true}, {ca_file, undefined}].

mod_opt_type(url) -> econf:url();
mod_opt_type(token) -> econf:and_then(econf:binary(), fun token/1);
mod_opt_type(timeout) -> econf:timeout(second);
mod_opt_type(max_queue) -> econf:pos_int();
mod_opt_type(unread) -> econf:bool();
mod_opt_type(ca_file) -> econf:file().

%% RFC 6750's characters: anything else is a mistake, or would end the header. Not by econf:binary/1, because ejabberd
%% logs a value that does not fit.
token(Token) ->
    Characters = <<"^[A-Za-z0-9._~+/-]+=*\\z">>,
    case re:run(Token, Characters, [{capture, none}]) of
        match -> Token;
        nomatch -> econf:fail({nomatch, Characters, <<"(hidden)">>})
    end.

mod_doc() ->
    #{desc =>
          [<<"Hands the messages for users who are offline, or whose connection is lost, to a push-relay, which "
             "wakes their phones. The sender of a message never waits for it. While the relay cannot be reached, "
             "messages wait in memory. When an account is removed, its registered phones are forgotten.">>],
      opts =>
          [{url, #{value => <<"URL">>,
                   desc => <<"Address of the relay, for example 'http://127.0.0.1:8080'. Required.">>}},
           {token, #{value => <<"Token">>,
                     desc => <<"One of the relay's hook tokens. Required. Deleting the phones of a removed account "
                               "needs one that is bound to this virtual host.">>}},
           {timeout, #{value => <<"timeout()">>,
                       desc => <<"How long to wait for the relay's answer before the same batch is tried again. "
                                 "The default value is '10 seconds'.">>}},
           {max_queue, #{value => <<"Number">>,
                         desc => <<"How many messages wait at most for a relay that does not answer. Beyond that the "
                                   "oldest is dropped, with a line in the log. The default value is '10000'.">>}},
           {unread, #{value => <<"true | false">>,
                      desc => <<"Whether to send the number of messages in the offline storage along, for the badge "
                                "on the app's icon. The default value is 'true'.">>}},
           {ca_file, #{value => <<"Path">>,
                       desc => <<"Certificate authorities that may sign an https relay's certificate, in PEM format. "
                                 "The default value is the top-level option 'ca_file'.">>}}]}.
