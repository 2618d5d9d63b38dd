%% The relay's HTTP interface as seen from here: how a request is made and what an answer means. Keeps no state.
-module(mod_push_relay_http).

-export([target/1, start_profile/1, stop_profile/1, send/3, cancel/2, verdict/2, refusals/2, retry_delay/2]).

-type target() :: #{base := string(), headers := list(), options := list(), timeout := pos_integer()}.
-type work() :: {messages, [map()]} | {delete, binary()}.
%% `refused`: this request will never be taken. `configuration`: no request will be, until someone changes something;
%% with entries: these of an accepted batch were not.
-type verdict() :: {done, binary()} | {configuration, iodata(), [map()], binary()} | {refused, pos_integer()} | {retry, iodata(), pos_integer() | undefined}
                 | {configuration, iodata()}.
-export_type([target/0, work/0]).

-define(MAX_RETRY_AFTER_MS, 300000).
-define(MAX_BACKOFF_MS, 30000).
-define(FIRST_BACKOFF_MS, 500).
-define(WRONG_DOMAIN, <<"RELAY_WRONG_DOMAIN">>).

-spec target(fun((atom()) -> term())) -> target().
target(Option) ->
    Timeout = Option(timeout),
    Base = base(Option(url)),
    #{base => Base,
      headers => [{"authorization", "Bearer " ++ binary_to_list(Option(token))}],
      %% Redirects are not followed: httpc would repeat a POST as a GET without its body.
      options => [{timeout, Timeout}, {connect_timeout, min(Timeout, 5000)}, {autoredirect, false}
                  | tls(Base, Option(ca_file))],
      timeout => Timeout}.

%% The option names the relay; the full address of its front door is understood as well.
base(Url) ->
    binary_to_list(re:replace(Url, "/*(v1/messages)?/*$", "", [{return, binary}])).

%% httpc verifies nothing before OTP 26, and the token must not be told to a stranger: so verify here, always.
tls("https://" ++ _, CaFile) ->
    [{ssl, [{verify, verify_peer}, {depth, 10},
            {customize_hostname_check, [{match_fun, public_key:pkix_verify_hostname_match_fun(https)}]}
            | authorities(CaFile)]}];
tls(_, _) ->
    [].

authorities(undefined) ->
    [{cacertfile, ejabberd_option:ca_file()}];
authorities(CaFile) ->
    [{cacertfile, CaFile}].

%% A profile of our own: no cookies or proxies of others, and no queue shared with other modules.
-spec start_profile(atom()) -> ok.
start_profile(Profile) ->
    {ok, _} = application:ensure_all_started(inets),
    {ok, _} = application:ensure_all_started(ssl),
    case inets:start(httpc, [{profile, Profile}]) of
        {ok, _} -> ok;
        {error, {already_started, _}} -> ok
    end,
    set_options(Profile).

set_options(Profile) ->
    %% Idle connections are dropped here before the relay drops them (after 125 s), so that none dies in use.
    httpc:set_options([{keep_alive_timeout, 60000}, {cookies, disabled}, {ipfamily, inet6fb4}], Profile).

-spec stop_profile(atom()) -> any().
stop_profile(Profile) ->
    try inets:stop(httpc, Profile)
    catch exit:_ -> ok
    end.

%% Asynchronous: the answer comes as {http, {Ref, Result}} to the calling process.
-spec send(work(), target(), atom()) -> {ok, reference()} | {error, term()}.
send(Work, #{options := Options} = Target, Profile) ->
    {Method, Request} = request(Work, Target),
    try
        %% Each time, because a manager that its supervisor had to restart has forgotten them.
        ok = set_options(Profile),
        httpc:request(Method, Request, Options, [{sync, false}, {body_format, binary}], Profile)
    catch
        %% Somebody stopped inets, for instance: the queue must outlive that. Not started in this process, because while
        %% the whole server stops the application controller answers nobody, and that stop would wait for us.
        exit:_ ->
            spawn(fun() -> start_profile(Profile) end),
            {error, httpc_was_stopped}
    end.

request({messages, Entries}, #{base := Base, headers := Headers}) ->
    Json = lists:join($,, [Json() || #{json := Json} <- Entries]),
    {post, {Base ++ "/v1/messages", Headers, "application/json", iolist_to_binary([$[, Json, $]])}};
request({delete, Jid}, #{base := Base, headers := Headers}) ->
    {delete, {Base ++ "/v1/recipients/" ++ binary_to_list(mod_push_relay_text:percent_encode(Jid)), Headers}}.

-spec cancel(reference(), atom()) -> ok.
cancel(Ref, Profile) ->
    try httpc:cancel_request(Ref, Profile)
    catch exit:_ -> ok
    end.

-spec verdict(work(), term()) -> verdict().
verdict(Work, {{_, Code, _}, Headers, Body}) ->
    verdict(Work, Code, Headers, Body);
verdict(_, {error, Reason}) ->
    {retry, io_lib:format("no answer (~ts)", [class(cause(Reason))]), undefined}.

verdict({messages, Entries}, Code, _, Body) when Code == 200; Code == 202 ->
    case results(Body) of
        Results when length(Results) == length(Entries) -> accepted(elsewhere(Entries, Results), Body);
        %% Some other web server: taking its page for an acceptance would lose messages without a word.
        _ -> {configuration, io_lib:format("HTTP ~B, but not the answer of a push-relay", [Code])}
    end;
verdict({delete, _}, Code, _, Body) when Code >= 200, Code < 300 ->
    {done, Body};
%% The relay asks for 120 s with a 503, because httpc itself would repeat it after anything under 100 s, in a loop that
%% no cancel_request ends. For us that is too long.
verdict(_, Code, _, _) when Code >= 500 ->
    {retry, io_lib:format("HTTP ~B", [Code]), undefined};
verdict(_, Code, Headers, _) when Code == 408; Code == 425; Code == 429 ->
    {retry, io_lib:format("HTTP ~B", [Code]), retry_after(Headers)};
verdict({messages, _}, Code, _, _) when Code == 400; Code == 413; Code == 422 ->
    {refused, Code};
verdict(_, 401, _, _) ->
    {configuration, "HTTP 401: the option token is not one of the relay's RELAY_HOOK_TOKENS"};
%% A token that may not delete must not keep the messages behind it waiting.
verdict({delete, _}, Code, _, _) ->
    {refused, Code};
verdict(_, Code, _, _) ->
    {configuration, io_lib:format("HTTP ~B: check the options url and token", [Code])}.

accepted([], Body) ->
    {done, Body};
accepted(Elsewhere, Body) ->
    {configuration, "the option token is bound to other domains in the relay's RELAY_HOOK_TOKENS", Elsewhere, Body}.

%% All recipients here are of this virtual host, so that the message is not to blame, but the token.
elsewhere(Entries, Results) ->
    [Entry || {Entry, #{<<"code">> := ?WRONG_DOMAIN}} <- lists:zip(Entries, Results)].

%% For IPv6 and IPv4 in this order: the latter says more about a relay that is down.
cause({failed_connect, [_ | _] = Details}) -> cause(element(tuple_size(lists:last(Details)), lists:last(Details)));
cause({tls_alert, {Alert, _}}) -> Alert;
cause(Reason) -> Reason.

%% For the log: the rest of the term may hold what was sent or received.
class(Class) when is_atom(Class) -> Class;
class(Reason) when is_tuple(Reason), tuple_size(Reason) > 0 -> class(element(1, Reason));
class(_) -> unknown.

retry_after(Headers) ->
    try list_to_integer(string:trim(proplists:get_value("retry-after", Headers, ""))) of
        Seconds when Seconds > 0 -> min(Seconds * 1000, ?MAX_RETRY_AFTER_MS);
        _ -> undefined
    catch
        error:badarg -> undefined
    end.

%% The entries of an accepted batch that the relay found invalid for what they are, each with the relay's code.
-spec refusals([map()], binary()) -> [{map(), binary()}].
refusals(Entries, Body) ->
    [{Entry, Code} || {Entry, #{<<"status">> := <<"invalid">>} = Result} <- lists:zip(Entries, results(Body)),
                      Code <- [code(Result)], Code /= ?WRONG_DOMAIN].

code(#{<<"code">> := Code}) when is_binary(Code) -> mod_push_relay_text:printable(Code);
code(_) -> <<"invalid">>.

results(Body) ->
    try decode(Body) of
        #{<<"results">> := Results} when is_list(Results) -> Results;
        _ -> none
    catch
        _:_ -> none
    end.

%% jiffy came with ejabberd until 24.02, misc's own functions since 24.06.
decode(Body) ->
    case erlang:function_exported(misc, json_decode, 1) of
        true -> misc:json_decode(Body);
        false -> jiffy:decode(Body, [return_maps])
    end.

%% What the relay asks for, else exponential; a random part, so that several servers do not return all at once.
-spec retry_delay(non_neg_integer(), pos_integer() | undefined) -> pos_integer().
retry_delay(_, RetryAfter) when is_integer(RetryAfter) ->
    RetryAfter + rand:uniform(500);
retry_delay(Failures, undefined) ->
    Delay = min(?MAX_BACKOFF_MS, ?FIRST_BACKOFF_MS bsl min(Failures, 10)),
    Delay div 2 + rand:uniform(Delay div 2).
