% One instance with a ticket lock and a queue by the package queueing: octave-cli -q lock.m THREADS ROUNDS
% Prints a line of JSON: who, answer [cycles/s], seconds of one solution.
pkg load queueing
given = argv ();
n = str2double (given{1});
rounds = str2double (given{2});
k = 1:n;
times = [0.6 + 0.3 * (k - 1) / 2; 0.15 * ones(1, n)];
taken = zeros (1, rounds);
for round = 1:rounds
  start = tic ();
  [~, ~, ~, x] = qncsmvald (n, times, [1 1], 8);
  taken(round) = toc (start);
end
known = pkg ("list", "queueing");
printf ('{"who": "Octave %s, queueing %s", "answer": %.12g, "seconds": %.6g}\n', version (), known{1}.version, x(1), median (taken));
