%% The queue of one virtual host and its way to the relay: one request at a time, so that the order is kept.
-module(mod_push_relay_sender).
-behaviour(gen_server).

-export([push/2, delete/2, reload/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2, code_change/3]).

-include("logger.hrl").

%% So long a message waits for others to travel with.
-define(GATHER_MS, 20).
-define(MAX_BATCH, 100).
-define(MAX_BATCH_BYTES, 524286).
-define(CONFIGURATION_RETRY_MS, 30000).
-define(STOP_MS, 3000).
%% Keys of pushed messages are remembered for so many further ones, at least.
-define(REMEMBERED, 10000).

-record(state, {host :: binary(),
                profile :: atom(),
                %% A fun, because it holds the token and a crash report prints this record.
                target :: fun(() -> mod_push_relay_http:target()),
                max_queue :: pos_integer(),
                queue = queue:new() :: queue:queue(),
                length = 0 :: non_neg_integer(),
                %% Requests to repeat, or halves of a refused one; they go before the queue.
                ahead = [] :: [mod_push_relay_http:work()],
                current = none :: none | {reference(), mod_push_relay_http:work()},
                timer = none :: none | reference(),
                failures = 0 :: non_neg_integer(),
                trouble = none :: none | binary(),
                seen = {#{}, #{}} :: {map(), map()},
                %% The options changed since the last attempt was planned: the next one does not wait.
                reloaded = false :: boolean()}).

%%% For the hooks: none of these waits.

-spec push(binary(), mod_push_relay_stanza:entry()) -> ok.
push(Host, Entry) ->
    enqueue_at(Host, Entry).

-spec delete(binary(), binary()) -> ok.
delete(Host, Jid) ->
    enqueue_at(Host, #{delete => Jid}).

-spec reload(binary()) -> ok.
reload(Host) ->
    gen_server:cast(gen_mod:get_module_proc(Host, ?MODULE), reload).

enqueue_at(Host, Entry) ->
    case whereis(gen_mod:get_module_proc(Host, ?MODULE)) of
        undefined -> drop(Entry, "the queue is not running");
        Pid -> gen_server:cast(Pid, {push, Entry})
    end.

%%% gen_server

init([Host, _]) ->
    process_flag(trap_exit, true),
    Profile = gen_mod:get_module_proc(Host, ?MODULE),
    ok = mod_push_relay_http:start_profile(Profile),
    {Target, MaxQueue} = options(Host),
    {ok, #state{host = Host, profile = Profile, target = Target, max_queue = MaxQueue}}.

%% Read here, not handed over by the supervisor: it would print the token when it reports a crash.
options(Host) ->
    Option = fun(Name) -> gen_mod:get_module_opt(Host, mod_push_relay, Name) end,
    Target = mod_push_relay_http:target(Option),
    {fun() -> Target end, Option(max_queue)}.

handle_call(_Request, _From, State) ->
    {reply, {error, unknown}, State}.

handle_cast({push, Entry}, State) ->
    {noreply, schedule(?GATHER_MS, accept(Entry, State))};
handle_cast(reload, #state{host = Host} = State) ->
    {Target, MaxQueue} = options(Host),
    %% Perhaps this is what was waited for.
    Reloaded = State#state{target = Target, max_queue = MaxQueue, reloaded = true},
    {noreply, schedule(0, cancel_send_timer(Reloaded))};
handle_cast(_, State) ->
    {noreply, State}.

handle_info({timeout, Timer, send}, #state{timer = Timer} = State) ->
    {noreply, send_next(State#state{timer = none})};
handle_info({timeout, Timer, no_answer}, #state{timer = Timer, current = {Ref, _}} = State) ->
    mod_push_relay_http:cancel(Ref, State#state.profile),
    {noreply, answered({error, timeout}, State#state{timer = none})};
handle_info({http, {Ref, Result}}, #state{current = {Ref, _}} = State) ->
    {noreply, answered(Result, cancel_timer(State))};
handle_info(_, State) ->
    {noreply, State}.

%% At a stop of ejabberd or of the module what waits still goes out if the relay answers; in a crash nothing is tried.
terminate(Reason, State) ->
    Rest = case Reason == normal orelse Reason == shutdown of
               %% Trouble of the past is forgotten: the relay may be back, and the first new failure ends it.
               true -> drain(cancel_send_timer(State#state{trouble = none}), erlang:monotonic_time(millisecond) + ?STOP_MS);
               false -> State
           end,
    [drop(Entry, "the module stops before the relay took it") || Entry <- waiting(Rest)],
    mod_push_relay_http:stop_profile(State#state.profile).

code_change(_OldVersion, State, _Extra) ->
    {ok, State}.

drain(#state{trouble = none, current = none} = State, Until) ->
    case is_idle(State) of
        true -> State;
        false -> drain(send_next(State), Until)
    end;
drain(#state{trouble = none, current = {Ref, _}} = State, Until) ->
    receive
        {http, {Ref, Result}} -> drain(cancel_send_timer(answered(Result, cancel_timer(State))), Until)
    after max(0, Until - erlang:monotonic_time(millisecond)) ->
        State
    end;
drain(State, _Until) ->
    State.

cancel_send_timer(#state{current = none} = State) -> cancel_timer(State);
cancel_send_timer(State) -> State.

waiting(#state{queue = Queue, ahead = Ahead, current = Current}) ->
    InFlight = case Current of {_, Work} -> [Work]; none -> [] end,
    lists:append([entries(Work) || Work <- InFlight ++ Ahead]) ++ queue:to_list(Queue).

entries({messages, Entries}) -> Entries;
entries({delete, Jid}) -> [#{delete => Jid}].

%%% In

accept(#{key := Key, check := Check} = Entry, #state{seen = {New, Old}} = State) ->
    case Check andalso (maps:is_key(Key, New) orelse maps:is_key(Key, Old)) of
        true ->
            %% Its session waited for its client in vain, and ejabberd routes the message once more.
            ?DEBUG("Message ~ts to ~ts was pushed before", [mod_push_relay_text:printable(maps:get(id, Entry)), maps:get(to, Entry)]),
            State;
        false ->
            enqueue(Entry, remember(Key, State))
    end;
accept(Deletion, State) ->
    enqueue(Deletion, State).

remember(Key, #state{seen = {New, _}} = State) when map_size(New) >= ?REMEMBERED ->
    State#state{seen = {#{Key => true}, New}};
remember(Key, #state{seen = {New, Old}} = State) ->
    State#state{seen = {New#{Key => true}, Old}}.

enqueue(Entry, #state{queue = Queue, length = Length, max_queue = Max} = State) when Length < Max ->
    State#state{queue = queue:in(Entry, Queue), length = Length + 1};
enqueue(Entry, #state{queue = Queue} = State) ->
    {Oldest, Rest} = take_oldest(queue:in(Entry, Queue), []),
    drop(Oldest, "the queue is full"),
    forget(Oldest, State#state{queue = Rest}).

%% It was not pushed after all, so that it may be when ejabberd routes it once more.
forget(#{key := Key}, #state{seen = {New, Old}} = State) ->
    State#state{seen = {maps:remove(Key, New), maps:remove(Key, Old)}};
forget(_Deletion, State) ->
    State.

%% The newest messages are the ones worth waking somebody for. Deletions stay as long as there is a message to drop.
take_oldest(Queue, Deletions) ->
    case queue:out(Queue) of
        {{value, #{delete := _} = Deletion}, Rest} ->
            take_oldest(Rest, [Deletion | Deletions]);
        {{value, Message}, Rest} ->
            {Message, lists:foldl(fun queue:in_r/2, Rest, Deletions)};
        {empty, _} ->
            [Oldest | Newer] = lists:reverse(Deletions),
            {Oldest, queue:from_list(Newer)}
    end.

drop(#{delete := Jid}, Why) ->
    ?ERROR_MSG("The phones of the removed account ~ts stay registered at the push relay: ~ts", [Jid, Why]);
drop(#{to := To, id := Id}, Why) ->
    ?WARNING_MSG("No push for message ~ts to ~ts: ~ts", [mod_push_relay_text:printable(Id), To, Why]).

%%% Out

schedule(_DelayMs, #state{current = {_, _}} = State) ->
    State;
schedule(_DelayMs, #state{reloaded = true} = State) ->
    schedule(0, State#state{reloaded = false});
schedule(DelayMs, #state{timer = none} = State) ->
    case is_idle(State) of
        true -> State;
        false -> State#state{timer = erlang:start_timer(DelayMs, self(), send)}
    end;
schedule(_DelayMs, State) ->
    State.

is_idle(#state{queue = Queue, ahead = Ahead}) ->
    Ahead == [] andalso queue:is_empty(Queue).

cancel_timer(#state{timer = none} = State) ->
    State;
cancel_timer(#state{timer = Timer} = State) ->
    erlang:cancel_timer(Timer),
    State#state{timer = none}.

send_next(#state{ahead = [Work | Ahead]} = State) ->
    send(Work, State#state{ahead = Ahead});
send_next(#state{queue = Queue} = State) ->
    case queue:out(Queue) of
        {empty, _} ->
            State;
        {{value, #{delete := Jid}}, Rest} ->
            send({delete, Jid}, State#state{queue = Rest, length = State#state.length - 1});
        _ ->
            {Batch, Rest} = mod_push_relay_text:take_batch(Queue, ?MAX_BATCH, ?MAX_BATCH_BYTES),
            send({messages, Batch}, State#state{queue = Rest, length = State#state.length - length(Batch)})
    end.

send(Work, #state{target = Target, profile = Profile} = State) ->
    #{timeout := Timeout} = Relay = Target(),
    case mod_push_relay_http:send(Work, Relay, Profile) of
        {ok, Ref} ->
            %% httpc keeps time itself; this is for the case that it dies, or repeats a 503 with a short Retry-After.
            Timer = erlang:start_timer(Timeout + 5000, self(), no_answer),
            State#state{current = {Ref, Work}, timer = Timer};
        {error, _} = Error ->
            answered(Error, State#state{current = {make_ref(), Work}})
    end.

answered(Result, #state{current = {_, Work}} = State) ->
    decide(mod_push_relay_http:verdict(Work, Result), Work, State#state{current = none}).

decide({done, Body}, Work, State) ->
    log_refusals(Work, Body),
    schedule(0, recovered(State));
decide({refused, _}, {messages, [_, _ | _] = Entries}, State) ->
    %% One of them is to blame. Halving finds it, and the order of the others is kept.
    {First, Second} = lists:split(length(Entries) div 2, Entries),
    schedule(0, State#state{ahead = [{messages, First}, {messages, Second} | State#state.ahead]});
decide({refused, Code}, Work, State) ->
    [drop(Entry, io_lib:format("the relay refuses it (HTTP ~B)", [Code])) || Entry <- entries(Work)],
    schedule(0, recovered(State));
decide({retry, Why, RetryAfter}, Work, #state{failures = Failures} = State) ->
    Delay = mod_push_relay_http:retry_delay(Failures, RetryAfter),
    schedule(Delay, again(Work, Why, State#state{failures = Failures + 1}));
decide({configuration, Why}, Work, State) ->
    schedule(?CONFIGURATION_RETRY_MS, again(Work, Why, State));
decide({configuration, Why, Entries, Body}, Work, State) ->
    log_refusals(Work, Body),
    schedule(?CONFIGURATION_RETRY_MS, again({messages, Entries}, Why, State)).

log_refusals({messages, Entries}, Body) ->
    [drop(Entry, ["the relay answers ", Code]) || {Entry, Code} <- mod_push_relay_http:refusals(Entries, Body)];
log_refusals({delete, _}, _) ->
    [].

again(Work, Why, #state{ahead = Ahead} = State) ->
    in_trouble(iolist_to_binary(Why), State#state{ahead = [Work | Ahead]}).

%% One line for each change, however often it is tried.
in_trouble(Why, #state{trouble = Why} = State) ->
    State;
in_trouble(Why, #state{host = Host} = State) ->
    ?ERROR_MSG("Push relay of ~ts: ~ts. Messages wait (now ~B) and it is tried again",
               [Host, Why, length(waiting(State))]),
    State#state{trouble = Why}.

recovered(#state{trouble = none} = State) ->
    State#state{failures = 0};
recovered(#state{host = Host} = State) ->
    ?INFO_MSG("Push relay of ~ts answers again, ~B messages wait", [Host, length(waiting(State))]),
    State#state{trouble = none, failures = 0}.
