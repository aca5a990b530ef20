# Builds the C# kernel on this machine and installs it for you: ./install.ps1 [--fast] [INSTALL OPTION...] [--run NOTEBOOK...]
# The same as install.sh, which see, for PowerShell 5.1 and later. Not tested on Windows yet; please report problems.
$ErrorActionPreference = 'Stop'

function Fail($message) {
    [Console]::Error.WriteLine("install.ps1: $message")
    exit 1
}

$artifacts = Join-Path $PSScriptRoot 'artifacts'
$onWindows = [Environment]::OSVersion.Platform -eq 'Win32NT'
$executable = if ($onWindows) { 'jupyter-csharp.exe' } else { 'jupyter-csharp' }

$installOptions = @($args)
$notebooks = @()
$run = [array]::IndexOf($installOptions, '--run')
if ($run -ge 0) {
    $notebooks = @($installOptions | Select-Object -Skip ($run + 1))
    $installOptions = @($installOptions | Select-Object -First $run)
    if ($notebooks.Count -eq 0) { Fail '--run needs a notebook: ./install.ps1 --run samples/tour.ipynb' }
}
$fast = $installOptions -contains '--fast'
$installOptions = @($installOptions | Where-Object { $_ -ne '--fast' })

if (-not (Get-Command dotnet -ErrorAction SilentlyContinue)) {
    Fail "'dotnet' was not found on the PATH. Install the .NET SDK 10 or later: https://dotnet.microsoft.com/download"
}
if (-not (dotnet --list-sdks | Select-String '^[1-9][0-9]+\.')) {
    Fail 'The .NET SDK 10 or later is required, but only older versions are installed. Install it from https://dotnet.microsoft.com/download'
}
# A managed program needs it where .NET is not in its usual place.
if (-not $env:DOTNET_ROOT) {
    $runtime = @(dotnet --list-runtimes | Select-String '^Microsoft\.NETCore\.App 10\..* \[(.*)[\\/]shared[\\/]Microsoft\.NETCore\.App\]$')[-1]
    if ($runtime) { $env:DOTNET_ROOT = $runtime.Matches[0].Groups[1].Value }
}
$env:DOTNET_NOLOGO = '1'
$env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'

# Builds into artifacts/NAME with the options given; the output is in artifacts/NAME.log. Returns whether that succeeded.
function Publish($name) {
    $folder = Join-Path $artifacts $name
    if (Test-Path $folder) { Remove-Item $folder -Recurse -Force }
    New-Item $artifacts -ItemType Directory -Force | Out-Null
    # Folders of its own (--artifacts-path): what this build compiles must never mix with ordinary builds.
    $project = Join-Path (Join-Path $PSScriptRoot 'src') 'JupyterKernel'
    dotnet publish $project --configuration Release --use-current-runtime '-p:RunAnalyzers=false' @args `
        --artifacts-path (Join-Path $artifacts 'publish-build') --output $folder > (Join-Path $artifacts "$name.log")
    return $LASTEXITCODE -eq 0
}

# Installs what was built into artifacts/NAME; returns the report.
function Install($name) {
    $report = & (Join-Path (Join-Path $artifacts $name) $executable) install --copy @installOptions
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
    return $report
}

Write-Host 'Building the kernel (up to a minute)...'
if (-not (Publish managed '--self-contained' 'false')) {
    Get-Content (Join-Path $artifacts 'managed.log') -Tail 20 | Out-Host
    Fail "The build failed and nothing was installed. The build log is $(Join-Path $artifacts 'managed.log')."
}
$report = Install managed
$report

$code = 0
if ($run -ge 0) {
    $program = @($report -match '^Program: ')[0] -replace '^Program: ', ''
    & $program run @notebooks
    $code = $LASTEXITCODE
}
if ($fast) { exit $code }

Write-Host 'The kernel is installed. It is now built as a native program, which starts several times faster. Ctrl+C stops that.'
Write-Host 'Building the native program (three to eight minutes)...'
$ended = $false
try {
    if (Publish native '-p:PublishAot=true') {
        Install native | Out-Null
        Write-Host 'Installed the native program.'
    }
    else {
        $needs = if ($onWindows) { 'the C++ tools of Visual Studio' } else { 'gcc or clang' }
        Write-Host "The native build failed; it needs $needs and 6 GB of free memory. The log is $(Join-Path $artifacts 'native.log')."
        Write-Host 'Compiling the managed program ahead of time (about two minutes)...'
        if (-not (Publish compiled '--self-contained' 'false' '-p:PublishReadyToRun=true')) {
            Fail "That failed; the kernel stays as it was installed first. The log is $(Join-Path $artifacts 'compiled.log')."
        }
        Install compiled | Out-Null
        Write-Host 'Installed the compiled program.'
    }
    $ended = $true
}
finally {
    if (-not $ended) { Write-Host 'Stopped. The kernel is installed and works; run ./install.ps1 again for the faster program.' }
}
exit $code
